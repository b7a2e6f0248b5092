// Every stat that Showdown computes from a base, points and a level, as base64 of u16:
// `node stats.js PACKAGE_FOLDER`, {bases, points, levels} as JSON on stdin. The HP come first.
"use strict";

const { readFileSync } = require("node:fs");
const { Battle } = require(process.argv[2]);

const { bases, points, levels } = JSON.parse(readFileSync(0, "utf8"));
const battle = new Battle({ formatid: "gen1customgame" });
const values = [];
for (const stat of ["hp", "spe"]) {
  for (const base of bases) {
    for (let point = 0; point < points; point++) {
      const iv = Math.min(30, point & ~1);
      for (let level = 1; level <= levels; level++) {
        const set = { ivs: { [stat]: iv }, evs: { [stat]: 4 * (point - iv) + 3 }, level };
        values.push(battle.statModify({ [stat]: base }, set, stat));
      }
    }
  }
}
const bytes = Buffer.from(Uint16Array.from(values).buffer);
process.stdout.write(JSON.stringify(bytes.toString("base64")));
