// Showdown's battles as fast as a user has them: in process, one after another, nothing logged.
"use strict";

const MOVES = ["move 1", "move 2", "move 3", "move 4"];
const SWITCHES = ["switch 1", "switch 2", "switch 3", "switch 4", "switch 5", "switch 6"];
const FIRST_MOVE = 6; // of the ten actions

// Showdown 0.11.11 gives a few battles up with this: they end there, as they do in ours.
const CRASH = "moveSlot is null which shouldn't happen";

const nothing = () => {};

/** Take the log away from one battle: the package stays as it is. */
function silence(battle) {
  battle.add = battle.addMove = battle.attrLastMove = battle.hint = battle.sendUpdates = nothing;
}

/** A new battle at its first request; `pair` is two teams of sets, `seed` "gen5,..." */
function begin(Battle, formatid, pair, seed) {
  const battle = new Battle({ formatid, seed });
  silence(battle);
  battle.setPlayer("p1", { name: "p1", team: pair[0] });
  battle.setPlayer("p2", { name: "p2", team: pair[1] });
  return battle;
}

/** Write what a side may choose now into `choices`: how many there are, 0 for one who waits. */
function optionsOf(side, choices) {
  const request = side.activeRequest;
  if (!request || request.wait) return 0;
  let count = 0;
  const active = request.active?.[0];
  if (active) {
    const { moves } = active;
    for (let i = 0; i < moves.length; i++) if (!moves[i].disabled) choices[count++] = MOVES[i];
  }
  if (!active?.trapped) {
    const { pokemon } = side;
    for (let i = 1; i < pokemon.length; i++) {
      if (!pokemon[i].fainted) choices[count++] = SWITCHES[i];
    }
  }
  return count;
}

/** Hand in both sides' choices, null for one who waits. False where Showdown gives the battle up. */
function commit(battle, first, second) {
  try {
    if (first !== null) choose(battle, "p1", first);
    if (second !== null) choose(battle, "p2", second);
  } catch (error) {
    if (error.message !== CRASH) throw error;
    return false;
  }
  return true;
}

function choose(battle, side, choice) {
  if (!battle.choose(side, choice)) throw new Error(`Showdown refuses ${side}'s "${choice}"`);
}

/** What one of the ten actions is for a side, whose Pokemon were given in the order of `team`. */
function choiceOf(side, team, action) {
  if (action < FIRST_MOVE) return SWITCHES[side.pokemon.indexOf(team[action])];
  const { moves } = side.activeRequest.active[0];
  return MOVES[moves.length === 1 ? 0 : action - FIRST_MOVE];
}

module.exports = { begin, choiceOf, commit, optionsOf };
