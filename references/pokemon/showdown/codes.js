// Showdown's ids and names as STATE's numbers, and back.
"use strict";

const STATS = ["atk", "def", "spe", "spa"]; // special is kept twice, as spa and spd
const BOOSTS = [...STATS, "accuracy", "evasion"];
const STATUSES = ["", "brn", "par", "slp", "frz", "psn", "tox"];
const NO_POKEMON = 255;
const NO_TYPE = 255;

/** The two-way tables; `types` and `pseudoMoves` are spec.py's {name: number}. */
function makeCodes(dex, { types, pseudoMoves }) {
  const moveNumber = new Map([["", 0], ...Object.entries(pseudoMoves)]);
  const moveId = new Map();
  for (const move of dex.moves.all()) {
    if (move.gen === 1 && move.num > 0) moveNumber.set(move.id, move.num);
  }
  for (const [id, number] of moveNumber) moveId.set(number, id);

  const speciesName = new Map();
  for (const species of dex.species.all()) {
    if (species.gen === 1 && species.num > 0 && !species.forme) {
      speciesName.set(species.num, species.name);
    }
  }
  const typeNumber = new Map(Object.entries(types));
  const typeName = new Map(Object.entries(types).map(([name, number]) => [number, name]));

  const known = (map, key, what) => {
    if (!map.has(key)) throw new Error(`${what} ${JSON.stringify(key)} is none of generation 1`);
    return map.get(key);
  };
  return {
    moveNumber: (id) => known(moveNumber, id, "move"),
    moveId: (number) => known(moveId, number, "move"),
    speciesName: (number) => known(speciesName, number, "species"),
    typeNumber: (name) => (name === undefined ? NO_TYPE : known(typeNumber, name, "type")),
    typeName: (number) => known(typeName, number, "type"),
    status: (id) => Math.max(0, STATUSES.indexOf(id)), // "fnt" is no status
  };
}

module.exports = { BOOSTS, NO_POKEMON, STATS, STATUSES, makeCodes };
