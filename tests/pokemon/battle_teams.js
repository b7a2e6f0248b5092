// The teams with which gen1randombattle battles begin that are given no team but its seed:
// `node battle_teams.js PACKAGE_FOLDER`, pairs of seeds as JSON on stdin.
"use strict";

const { readFileSync } = require("node:fs");
const { Battle } = require(process.argv[2]);

const teams = JSON.parse(readFileSync(0, "utf8")).map(([first, second]) => {
  const battle = new Battle({ formatid: "gen1randombattle", seed: "gen5,0000000000000001" });
  battle.setPlayer("p1", { name: "1", seed: first });
  battle.setPlayer("p2", { name: "2", seed: second });
  return battle.sides.map((side) =>
    side.team.map(({ species, level, moves, ivs, evs }) => ({ species, level, moves, ivs, evs })),
  );
});
process.stdout.write(JSON.stringify(teams));
