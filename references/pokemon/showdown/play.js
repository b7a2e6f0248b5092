// Whole battles at once, for checks over thousands of them: what was chosen, and every state.
"use strict";

const { ACTIONS } = require("./choices");
const { Session } = require("./session");

/** A small generator for choices alone, apart from the battle's: xorshift32. */
class Dice {
  constructor(seed) {
    this.state = seed >>> 0 || 1;
  }

  below(n) {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state % n;
  }
}

const legalOf = (choices) => choices.flatMap((choice, action) => (choice === null ? [] : [action]));

/** How a player chooses: (session, n, legal actions, dice) -> action. */
const POLICIES = {
  random: (session, n, legal, dice) => legal[dice.below(legal.length)],

  /** Like random, but switches of its own will in one choice of eight only: moves get used up. */
  fighter(session, n, legal, dice) {
    const moves = legal.filter((action) => action >= 6);
    if (!moves.length || dice.below(8) === 0) return legal[dice.below(legal.length)];
    return moves[dice.below(moves.length)];
  },

  /** The legal move of the greatest base power, three times in four; else at random. */
  greedy(session, n, legal, dice) {
    if (dice.below(4) === 0) return legal[dice.below(legal.length)];
    const { moveSlots } = session.battle.sides[n].active[0];
    const power = (action) => {
      if (action < 6) return -1;
      const slot = moveSlots[action - 6];
      return slot ? session.engine.dex.moves.get(slot.id).basePower : 0;
    };
    return legal.reduce((best, action) => (power(action) > power(best) ? action : best), legal[0]);
  },

  /** Switches whenever it can, half the time: what is left behind on the bench matters. */
  switcher(session, n, legal, dice) {
    const switches = legal.filter((action) => action < 6);
    if (switches.length && dice.below(2) === 0) return switches[dice.below(switches.length)];
    return legal[dice.below(legal.length)];
  },
};

/**
 * Play a battle through.
 *
 * @param spec {format, teams, seed} or {format, row}; with {policies: [a, b], choiceSeed} or
 *   {actions: [p1, p2, p1, p2, ...]}; and {limit}, the most commits
 * @returns {session, rows: (commits + 1, rowBytes) bytes, masks: (commits + 1, 20) bytes}
 */
function play(engine, spec) {
  const session = new Session(engine, spec);
  const dice = new Dice(spec.choiceSeed ?? 1);
  const limit = spec.actions ? spec.actions.length / 2 : (spec.limit ?? Infinity);
  const rows = [];
  const masks = [];
  const record = () => {
    rows.push(Buffer.from(session.row));
    const mask = Buffer.alloc(2 * ACTIONS);
    session.writeMask(mask);
    masks.push(mask);
  };
  record();
  for (let t = 0; t < limit && !session.ended; t++) {
    session.commit(...pick(session, spec, dice, t));
    record();
  }
  return { session, rows: Buffer.concat(rows), masks: Buffer.concat(masks) };
}

function pick(session, { actions, policies }, dice, t) {
  if (actions) return [actions[2 * t], actions[2 * t + 1]];
  return policies.map((name, n) => POLICIES[name](session, n, legalOf(session.choices()[n]), dice));
}

module.exports = { POLICIES, play };
