// The Showdown that the bench times: `node main.js PACKAGE_FOLDER`, a JSON line in and one out.
//
// {do: "open", format, pairs}    pairs of teams of sets, which battles draw from
// {do: "check", battles}         play given choices: what came of each commit
// {do: "play", seconds, seed}    random legal choices: how many in how many seconds
"use strict";

const readline = require("node:readline");
const path = require("node:path");

const { begin, choiceOf, commit, optionsOf } = require("./battles");

const { Battle } = require(path.resolve(process.argv[2]));

/** xorshift32: the choices' own generator. */
class Dice {
  constructor(seed) {
    this.state = seed >>> 0 || 1;
  }

  word() {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state;
  }

  below(n) {
    return this.word() % n;
  }
}

const hex = (word) => word.toString(16).toUpperCase().padStart(8, "0");
const seedOf = (high, low) => `gen5,${hex(high)}${hex(low)}`;

class Player {
  open({ format, pairs }) {
    this.format = format;
    this.pairs = pairs;
    this.choices = [new Array(10).fill(""), new Array(10).fill("")];
    return {};
  }

  /** Battles one after another for at least so long. The last one is left where it stands. */
  play({ seconds, seed }) {
    const dice = new Dice(seed);
    const count = { decisions: 0, commits: 0, battles: 0 };
    const start = performance.now();
    const end = start + 1000 * seconds;
    while (performance.now() < end) {
      const pair = this.pairs[dice.below(this.pairs.length)];
      const battle = begin(Battle, this.format, pair, seedOf(dice.word(), dice.word()));
      this.playOut(battle, dice, end, count);
      count.battles++;
    }
    return { ...count, elapsed: (performance.now() - start) / 1000 };
  }

  playOut(battle, dice, end, count) {
    const [first, second] = this.choices;
    const [p1, p2] = battle.sides;
    while (!battle.ended && performance.now() < end) {
      const n = optionsOf(p1, first);
      const m = optionsOf(p2, second);
      count.decisions += (n > 0) + (m > 0);
      count.commits++;
      const one = n ? first[dice.below(n)] : null;
      const two = m ? second[dice.below(m)] : null;
      if (!commit(battle, one, two)) return;
    }
  }

  /** Battles as {pair, seed: [high, low], actions: [[p1, p2], ...]}: states of each, by commit. */
  check({ battles }) {
    return { states: battles.map((battle) => this.follow(battle)) };
  }

  follow({ pair, seed, actions }) {
    const battle = begin(Battle, this.format, this.pairs[pair], seedOf(...seed));
    const teams = battle.sides.map((side) => [...side.pokemon]);
    const states = [this.state(battle, teams, false)];
    for (const chosen of actions) {
      const choices = battle.sides.map((side, n) => this.chosen(side, teams[n], chosen[n]));
      states.push(this.state(battle, teams, !commit(battle, ...choices)));
    }
    return states;
  }

  /** An action as one of the choices that random play picks from; null for one who waits. */
  chosen(side, team, action) {
    const [choices] = this.choices;
    const count = optionsOf(side, choices);
    if (count === 0) return null;
    const choice = choiceOf(side, team, action);
    const offered = choices.slice(0, count);
    if (!offered.includes(choice)) throw new Error(`${choice} is none of ${offered}`);
    return choice;
  }

  /** Of a battle that Showdown gave up only that it is over. */
  state(battle, teams, crashed) {
    if (crashed) return { crashed };
    const winner = battle.ended ? ["p1", "p2"].indexOf(battle.winner) + 1 || 3 : 0;
    return {
      hp: teams.map((team) => team.map((pokemon) => pokemon.hp)),
      options: battle.sides.map((side, n) => optionsOf(side, this.choices[n])),
      rng: battle.prng.getSeed(),
      turn: battle.turn,
      winner,
    };
  }
}

const player = new Player();
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { do: task, ...request } = JSON.parse(line);
  let answer;
  try {
    answer = player[task](request);
  } catch (error) {
    answer = { error: error.message };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
});
