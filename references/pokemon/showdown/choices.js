// The ten actions and Showdown's requests: 0-5 switch to a team slot, 6-9 use a move slot.
"use strict";

const ACTIONS = 10;
const FIRST_MOVE = 6;
const WAIT = 0;

/** What each action would have Showdown choose for this side now; null where it is not legal. */
function choicesOf(session, side) {
  const choices = new Array(ACTIONS).fill(null);
  const request = side.activeRequest;
  if (!request || request.wait) {
    choices[WAIT] = ""; // the dummy action of a player who waits
    return choices;
  }
  if (request.active) addMoves(side.active[0], request.active[0], choices);
  if (!request.active?.[0].trapped) addSwitches(session, side, choices);
  return choices;
}

function addMoves(pokemon, { moves }, choices) {
  if (moves.length === 1 && moves[0].pp === undefined) {
    // A locked move, or Fight, Struggle or Recharge: no PP is shown.
    const slot = pokemon.moveSlots.findIndex(({ id }) => id === moves[0].id);
    choices[FIRST_MOVE + Math.max(0, slot)] = "move 1";
    return;
  }
  moves.forEach((move, i) => {
    if (!move.disabled) choices[FIRST_MOVE + i] = `move ${i + 1}`;
  });
}

function addSwitches(session, side, choices) {
  side.pokemon.forEach((pokemon, position) => {
    if (position > 0 && !pokemon.fainted) choices[session.slot(pokemon)] = `switch ${position + 1}`;
  });
}

module.exports = { ACTIONS, choicesOf };
