// What a row says of a side's active Pokemon, set in a battle.
"use strict";

const { BOOSTS, NO_POKEMON, STATS } = require("./codes");
const { FLAGS } = require("./export");

/** The move of that number as Showdown keeps the last one used; null for 0. */
function activeMove(battle, codes, number) {
  return number ? battle.dex.getActiveMove(codes.moveId(number)) : null;
}

/** Everything but its HP, status and `modified_stats`, which the fainted have as well. */
function setActive(session, side, get, codes) {
  const { battle } = session;
  const { n } = side;
  const pokemon = side.active[0];
  pokemon.newlySwitched = false;
  pokemon.species = battle.dex.species.get(codes.speciesName(get("active_species", n)));
  pokemon.transformed = Boolean(get("transformed", n));
  session.transformed[n] = pokemon.transformed;
  pokemon.setType(
    [0, 1]
      .map((i) => get("types", n * 2 + i))
      .filter((type) => type !== 255)
      .map(codes.typeName),
    true,
  );
  STATS.forEach((stat, i) => {
    setStat(pokemon.storedStats, stat, get("active_stats", n * 4 + i));
  });
  BOOSTS.forEach((stat, i) => setStat(pokemon.boosts, stat, get("boosts", n * 6 + i)));
  pokemon.speed = get("speed", n);
  setMoves(battle, pokemon, get, codes);
  pokemon.lastMove = activeMove(battle, codes, get("last_move", n));
  setVolatiles(session, side, get, codes);
}

function setStat(stats, stat, value) {
  stats[stat] = value;
  if (stat === "spa") stats.spd = value;
}

/** The moves it has now. Slots that are its own share their object with the base slots. */
function setMoves(battle, pokemon, get, codes) {
  const { n } = pokemon.side;
  const virtual = get("virtual", n);
  const slots = [];
  for (let i = 0; i < 4; i++) {
    const number = get("active_moves", n * 4 + i);
    if (!number) break;
    const own = !pokemon.transformed && !(virtual & (1 << i));
    const slot = own
      ? pokemon.baseMoveSlots[i]
      : virtualSlot(battle.dex.moves.get(codes.moveId(number)));
    if (!slot) throw new Error(`active_moves of p${n + 1} has a move ${i} that its Pokemon lacks`);
    slot.pp = get("active_pp", n * 4 + i);
    slots.push(slot);
  }
  pokemon.moveSlots = slots;
}

function virtualSlot(move) {
  return {
    move: move.name,
    id: move.id,
    pp: 0,
    maxpp: 0,
    target: move.target,
    disabled: false,
    used: false,
    virtual: true,
  };
}

/** Every volatile: the field that says it is there, and what it holds (`one` reads a field). */
const VOLATILES = [
  ...Object.entries(FLAGS).map(([field, id]) => ({ id, field, data: () => ({}) })),
  { id: "flinch", field: "flinch", data: () => ({ duration: 1 }) },
  { id: "rage", field: "rage", data: (one) => ({ move: "rage", accuracy: one("rage_accuracy") }) },
  { id: "residualdmg", field: "toxic", data: (one) => ({ counter: one("toxic_counter") }) },
  {
    id: "bide",
    field: "bide_turns",
    data: (one) => ({ time: one("bide_turns"), damage: one("bide_damage") }),
  },
  { id: "confusion", field: "confusion", data: (one) => ({ time: one("confusion") }) },
  {
    id: "partiallytrapped",
    field: "trapped_turns",
    data: (one, whom, move, dex) => ({
      duration: one("trapped_turns"),
      source: whom("trapped_by"),
      sourceEffect: dex.moves.get("wrap"), // named in a log line only
      maybeLocked: Boolean(one("trapped_maybe")),
    }),
  },
  {
    id: "fakepartiallytrapped",
    field: "fake_trapped_turns",
    data: (one, whom) => ({
      duration: one("fake_trapped_turns"),
      counterpart: whom("fake_trapped_with"),
    }),
  },
  {
    id: "partialtrappinglock",
    field: "trapping_move",
    data: (one, whom, move) => ({
      move: move("trapping_move"),
      duration: one("trapping_turns"),
      totalDuration: one("trapping_total"),
      damage: one("trapping_damage"),
      locked: whom("trapping_target"),
    }),
  },
  {
    id: "lockedmove",
    field: "thrash_move",
    data: (one, whom, move) => ({
      move: move("thrash_move"),
      time: one("thrash_turns"),
      accuracy: one("thrash_accuracy"),
    }),
  },
  {
    id: "twoturnmove",
    field: "charging_move",
    data: (one, whom, move) => ({ move: move("charging_move") }),
  },
  { id: "substitute", field: "substitute", data: (one) => ({ hp: one("substitute") }) },
  {
    id: "disable",
    field: "disable_move",
    data: (one, whom, move) => ({
      move: move("disable_move"),
      slotIndex: one("disable_slot"),
      time: one("disable_turns"),
    }),
  },
];

function setVolatiles(session, side, get, codes) {
  const { battle } = session;
  const target = side.active[0];
  const source = side.foe.active[0]; // whose place Leech Seed feeds
  const one = (field) => get(field, side.n);
  const move = (field) => codes.moveId(one(field));
  const whom = (field) => {
    const number = one(field);
    return number === NO_POKEMON ? null : session.teams[Math.floor(number / 6)][number % 6];
  };
  for (const { id, field, data } of VOLATILES) {
    if (!one(field)) continue;
    target.volatiles[id] ??= battle.initEffectState({ id, name: id, target });
    const held = data(one, whom, move, battle.dex);
    Object.assign(target.volatiles[id], { source, sourceSlot: source.getSlot() }, held);
  }
}

module.exports = { activeMove, setActive, setStat };
