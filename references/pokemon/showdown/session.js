// One battle in Showdown, with what STATE needs beside it: stable slots and what the foe has seen.
"use strict";

const { choicesOf, ACTIONS } = require("./choices");
const { NO_POKEMON } = require("./codes");
const { BadInput } = require("./errors");
const { exportRow } = require("./export");
const { importRow } = require("./import");
const { makeTeam } = require("./teams");

// The one exception that Showdown 0.11.11 is known to end a battle with: see `commit`.
const CRASH = "moveSlot is null which shouldn't happen";

class Session {
  /**
   * @param engine the package, codes and layout
   * @param start {format, teams: [p1's, p2's], seed} of a new battle (see teams.js), or
   *   {format, row}
   */
  constructor(engine, start) {
    this.engine = engine;
    this.start = start;
    this.actions = []; // a pair a commit: enough, with `start`, to play it all again
    this.crashed = false;
    this.logged = 0;
    this.seen = [new Array(6).fill(0), new Array(6).fill(0)];
    this.revealed = [new Array(6).fill(0), new Array(6).fill(0)];
    this.transformed = [false, false];
    if (start.row) {
      importRow(this, start.format, start.row);
      this.logged = this.battle.log.length;
      this.inputLog = null; // it has no beginning to replay from
    } else {
      this.open(start.format, start.teams, start.seed);
      this.inputLog = [...this.battle.inputLog];
      this.observe();
    }
    this.row = Buffer.alloc(engine.layout.rowBytes);
    this.export();
    if (start.row) this.checkImported(start.row);
  }

  /** A row that comes out as another is one that no battle has. */
  checkImported(given) {
    const { layout } = this.engine;
    for (const field of layout.fields) {
      for (let i = 0; i < field.count; i++) {
        const [was, is] = [field.get(given, i), field.get(this.row, i)];
        if (was !== is)
          throw new Error(`${field.name}[${i}] is ${was}; in this state it must be ${is}`);
      }
    }
  }

  /** Set up Showdown's battle; it runs to the first request at once. */
  open(format, teams, seed) {
    const [p1, p2] = ["p1", "p2"].map((name, n) => ({
      name,
      team: makeTeam(this.engine.codes, teams[n]),
    }));
    this.battle = new this.engine.showdown.Battle({ formatid: format, seed, p1, p2 });
    // Before the first switch the order is the team's as given; position 0 leads and stays.
    this.teams = this.battle.sides.map((side) => [...side.pokemon]);
    this.slots = new Map();
    for (const team of this.teams) team.forEach((pokemon, slot) => this.slots.set(pokemon, slot));
  }

  slot(pokemon) {
    return this.slots.get(pokemon);
  }

  /** side * 6 + slot. */
  number(pokemon) {
    return pokemon ? pokemon.side.n * 6 + this.slot(pokemon) : NO_POKEMON;
  }

  get ended() {
    return this.crashed || this.battle.ended;
  }

  /** The legal actions' choices of both sides. */
  choices() {
    if (!this.legal) this.legal = this.battle.sides.map((side) => choicesOf(this, side));
    return this.legal;
  }

  /** Both masks, 20 bytes of 0 and 1. */
  writeMask(mask) {
    this.choices().forEach((choices, n) => {
      choices.forEach((choice, action) => {
        mask[n * ACTIONS + action] = choice === null ? 0 : 1;
      });
    });
  }

  /**
   * One commit; `row` is the state after it. A side that waits hands in action 0.
   *
   * @throws {BadInput} for an action outside the mask
   */
  commit(first, second) {
    if (this.ended) throw new BadInput("the battle is over");
    const chosen = [first, second].map(
      (action, n) => this.choices()[n][action] ?? this.illegal(n, action),
    );
    this.actions.push(first, second);
    this.legal = undefined;
    try {
      this.choose(chosen);
    } catch (error) {
      if (error.message !== CRASH) throw error;
      // Showdown cannot carry the commit out and abandons the battle: a tie, nothing else changes.
      this.crashed = true;
      this.shown = [];
      this.engine.layout.request.set(this.row, 0, 0);
      this.engine.layout.request.set(this.row, 1, 0);
      this.engine.layout.winner.set(this.row, 0, 3);
      this.legal = [0, 1].map(() => ["", ...new Array(ACTIONS - 1).fill(null)]);
      return;
    }
    this.observe();
    this.export();
  }

  /**
   * What Showdown's own `choose` takes now of "switch to slot 0 to 5" and "move 1 to 4", as (2, 10)
   * booleans; every choice is undone at once. A check on the masks, which come from the requests.
   */
  accepted() {
    return this.battle.sides.map((side, n) =>
      Array.from({ length: ACTIONS }, (_, action) => {
        const pokemon = this.teams[n][action];
        if (action < 6 && !pokemon) return false;
        const taken = side.choose(
          action < 6 ? `switch ${pokemon.position + 1}` : `move ${action - 5}`,
        );
        side.clearChoice();
        return taken;
      }),
    );
  }

  illegal(n, action) {
    const legal = this.choices()[n].flatMap((choice, i) => (choice === null ? [] : [i]));
    throw new BadInput(`p${n + 1} cannot choose action ${action} now; legal: ${legal.join(", ")}`);
  }

  choose(chosen) {
    const { battle } = this;
    chosen.forEach((choice, n) => {
      if (choice === "") return;
      const side = battle.sides[n];
      // By slot: Showdown's own input log names moves, which two slots share where Mimic took one.
      this.inputLog?.push(`>${side.id} ${choice}`);
      if (!battle.choose(side.id, choice)) {
        throw new Error(`Showdown refuses ${side.id}'s "${choice}", which its request offers`);
      }
    });
  }

  /** Take in what the log's new lines and the switches have shown to the foe. */
  observe() {
    const { battle, engine } = this;
    this.shown = []; // the moves of this commit's log lines, by number
    for (; this.logged < battle.log.length; this.logged++) {
      const [, kind, ident, ...rest] = battle.log[this.logged].split("|");
      if (kind !== "move" && kind !== "switch" && kind !== "-transform") continue;
      const n = ident.startsWith("p1") ? 0 : 1;
      if (kind === "move") this.shown.push(engine.codes.moveNumber(engine.dex.toID(rest[0])));
      if (kind !== "move") {
        this.transformed[n] = kind === "-transform";
      } else if (!this.transformed[n] && !rest.some((part) => part.startsWith("[from]"))) {
        this.reveal(n, engine.dex.toID(rest[0]));
      }
    }
    battle.sides.forEach((side, n) => this.appear(n, this.slot(side.active[0])));
  }

  /** A side's active Pokemon shows a move of its own: by its base slots, whoever taught it. */
  reveal(n, moveId) {
    const active = this.battle.sides[n].active[0];
    active.baseMoveSlots.forEach(({ id }, i) => {
      if (id === moveId) this.revealed[n][this.slot(active)] |= 1 << i;
    });
  }

  appear(n, slot) {
    if (this.seen[n][slot] === 0) this.seen[n][slot] = Math.max(...this.seen[n]) + 1;
  }

  export() {
    this.row.fill(0);
    exportRow(this, this.engine.layout, this.engine.codes, this.row);
  }

  /** This battle as it was after its first `commits` commits, played again from its start. */
  fork(commits) {
    const again = new Session(this.engine, this.start);
    for (let i = 0; i < commits; i++) again.commit(this.actions[2 * i], this.actions[2 * i + 1]);
    return again;
  }
}

module.exports = { Session };
