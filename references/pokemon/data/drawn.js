// Pairs of teams as gen1randombattle's generator makes them, both of one generator, as when a
// battle starts: `node drawn.js PACKAGE_FOLDER`, pairs of seeds as JSON on stdin, sets on stdout.
"use strict";

const { readFileSync } = require("node:fs");
const { Teams } = require(process.argv[2]);

const seeds = JSON.parse(readFileSync(0, "utf8"));
const pairs = seeds.map(([first, second]) => {
  const generator = Teams.getGenerator("gen1randombattle", first);
  const teams = [generator.getTeam()];
  generator.setSeed(second); // what one team leaves behind (a Ditto) stays, as in sim/battle.ts
  teams.push(generator.getTeam());
  return teams.map((team) =>
    team.map(({ species, level, moves, ivs, evs }) => ({ species, level, moves, ivs, evs })),
  );
});
process.stdout.write(JSON.stringify(pairs));
