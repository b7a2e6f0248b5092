// Teams by numbers, as pools and rows hold them, as Showdown takes them.
"use strict";

const { BadInput } = require("./errors");

const POINTS = ["hp", "atk", "def", "spe", "spa"];
const LAST_MOVE = 164; // 165 is Struggle
const MOST_POINTS = 93; // an IV of 30 and an EV of 252

/**
 * A team as Showdown's Battle takes it.
 *
 * @param team [[species, level, [moves], [points of HP atk def spe spc]]]
 * @throws {BadInput} for one that cannot be
 */
function makeTeam(codes, team) {
  if (team.length < 1 || team.length > 6)
    throw new BadInput(`a team of ${team.length}; accepted: 1 to 6`);
  return team.map(([species, level, moves, points]) => {
    if (level < 1 || level > 100) throw new BadInput(`level ${level}; accepted: 1 to 100`);
    if (moves.length < 1 || moves.length > 4)
      throw new BadInput(`${moves.length} moves; accepted: 1 to 4`);
    const name = named(codes.speciesName, species);
    return {
      name,
      species: name,
      level,
      // What validated teams of generation 1 have; replayed without it, an input log would give a
      // Pokemon its species' ability of later generations.
      ability: "No Ability",
      moves: moves.map((move) => {
        if (move > LAST_MOVE) throw new BadInput(`move ${move} is none that a Pokemon knows`);
        return named(codes.moveId, move);
      }),
      ...spread(points),
    };
  });
}

function named(lookUp, number) {
  try {
    return lookUp(number);
  } catch (error) {
    throw new BadInput(error.message);
  }
}

/** IVs (even) and EVs that make these points; there are several, and nothing tells them apart. */
function spread(points) {
  const ivs = {};
  const evs = {};
  POINTS.forEach((stat, i) => {
    if (points[i] > MOST_POINTS)
      throw new BadInput(`stat points ${points}; accepted: 0 to ${MOST_POINTS}`);
    ivs[stat] = Math.min(30, points[i] & ~1);
    evs[stat] = 4 * (points[i] - ivs[stat]);
  });
  ivs.spd = ivs.spa;
  evs.spd = evs.spa;
  return { ivs, evs };
}

module.exports = { makeTeam };
