// Which moves a species may have from which level on, found by asking Showdown's own validator
// about every species, move, level and pair of moves: `node legality.js PACKAGE_FOLDER`, JSON out.
// On stdin, as JSON, gen1ou without its bans: those are kept apart from what the games allow.
"use strict";

const { readFileSync } = require("node:fs");
const { Dex, TeamValidator } = require(process.argv[2]);
const dex = Dex.mod("gen1");
const obtainable = new TeamValidator(JSON.parse(readFileSync(0, "utf8")));
const ou = new TeamValidator("gen1ou");

function set(species, moves, level) {
  // 1,277 EVs: no total that the validator takes for a slip.
  const evs = { hp: 2, atk: 255, def: 255, spa: 255, spd: 255, spe: 255 };
  const ivs = { hp: 30, atk: 30, def: 30, spa: 30, spd: 30, spe: 30 };
  return { name: "", species: species.name, moves, level, evs, ivs };
}

const accepts = (validator, ...given) => !validator.validateSet(set(...given), {});

/** The lowest level from which the validator accepts this move alone; 0 if never. */
function lowestLevel(species, move) {
  let lowest = 0;
  for (let level = 100; level >= 1 && accepts(obtainable, species, [move.id], level); level--) {
    lowest = level;
  }
  for (let level = lowest - 1; level >= 1; level--) {
    if (accepts(obtainable, species, [move.id], level)) {
      throw new Error(`gap: ${species.id} ${move.id}`);
    }
  }
  return lowest;
}

const gen1 = (thing) => thing.gen === 1 && !thing.isNonstandard && thing.num > 0;
const byNumber = (a, b) => a.num - b.num;
const moves = dex.moves.all().filter(gen1).sort(byNumber);
const species = dex.species.all().filter((one) => gen1(one) && !one.forme).sort(byNumber);

const learns = {};
const impossible = [];
const bannedSpecies = [];
for (const one of species) {
  const rows = moves.map((move) => [move, lowestLevel(one, move)]).filter((row) => row[1]);
  learns[one.num] = rows.map(([move, level]) => [move.num, level]);
  const known = rows.map((row) => row[0]);
  for (const [i, a] of known.entries()) {
    for (const b of known.slice(i + 1)) {
      if (!accepts(obtainable, one, [a.id, b.id], 100)) impossible.push([one.num, a.num, b.num]);
    }
  }
  if (ou.checkSpecies({ species: one.name }, one, one, {})) bannedSpecies.push(one.num);
}

const bannedMoves = moves
  .filter((move) =>
    species.some((one) => {
      const learnt = learns[one.num].some((row) => row[0] === move.num);
      return learnt && !bannedSpecies.includes(one.num) && !accepts(ou, one, [move.id], 100);
    }),
  )
  .map((move) => move.num);

process.stdout.write(JSON.stringify({ learns, impossible, bannedSpecies, bannedMoves }));
