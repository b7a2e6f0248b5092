// Writes Showdown's gen 1 data as one JSON object to stdout: `node dump.js PACKAGE_FOLDER`.
// references/pokemon/generate.py turns it into tables.json.
"use strict";

const { Dex } = require(process.argv[2]);
const dex = Dex.mod("gen1");

const obtainable = (thing) => thing.gen === 1 && !thing.isNonstandard && thing.num > 0;

/** The fields that decide anything in a gen 1 singles battle; functions as true. */
function plainMove(move) {
  const keep = [
    "num", "id", "name", "type", "category", "basePower", "accuracy", "pp", "priority", "target",
    "critRatio", "multihit", "drain", "recoil", "damage", "ohko", "selfdestruct", "status",
    "boosts", "volatileStatus", "secondaries", "ignoreImmunity", "noPPBoosts", "self",
  ];
  const plain = Object.fromEntries(keep.map((key) => [key, move[key] ?? null]));
  plain.callbacks = Object.keys(move)
    .filter((key) => typeof move[key] === "function")
    .sort();
  return plain;
}

const moves = dex.moves
  .all()
  .filter(obtainable)
  .map(plainMove)
  .sort((a, b) => a.num - b.num);

const species = dex.species
  .all()
  .filter((one) => obtainable(one) && !one.forme)
  .map((one) => ({
    num: one.num, id: one.id, name: one.name, types: one.types, stats: one.baseStats,
  }))
  .sort((a, b) => a.num - b.num);

const types = dex.types
  .all()
  .filter((one) => !one.isNonstandard)
  .map((one) => one.name);

const chart = {};
for (const attacking of types) {
  chart[attacking] = {};
  for (const defending of types) {
    chart[attacking][defending] = {
      immune: !dex.getImmunity(attacking, defending),
      effectiveness: dex.getEffectiveness(attacking, defending),
    };
  }
}

// What Metronome samples from, in its order (data/mods/gen1 and data/moves.ts, metronome).
const metronome = dex.moves
  .all()
  .filter((move) => !move.isNonstandard || move.isNonstandard === "Unobtainable")
  .filter((move) => move.flags.metronome)
  .map((move) => move.num)
  .sort((a, b) => a - b);

process.stdout.write(JSON.stringify({ moves, species, types, chart, metronome }));
