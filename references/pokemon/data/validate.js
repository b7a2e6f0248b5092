// What Showdown's validator says about teams: `node validate.js PACKAGE_FOLDER`, with
// {format, teams} as JSON on stdin, a list of problems a team on stdout. A team is a list of sets,
// or a string in the packed or the export format.
"use strict";

const { readFileSync } = require("node:fs");
const { TeamValidator, Teams } = require(process.argv[2]);

const { format, teams } = JSON.parse(readFileSync(0, "utf8"));
const validator = new TeamValidator(format);

function problems(team) {
  try {
    const sets = typeof team === "string" ? Teams.import(team) : team;
    return validator.validateTeam(sets) ?? [];
  } catch (error) {
    return [`the validator failed: ${error.message}`];
  }
}

process.stdout.write(JSON.stringify(teams.map(problems)));
