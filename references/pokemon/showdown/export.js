// A battle as a packed row of STATE.
"use strict";

const { BOOSTS, NO_POKEMON, STATS } = require("./codes");

const DAMAGE_LIMIT = 65535;
const FLAGS = {
  // field -> volatile whose presence it says
  recharge: "mustrecharge",
  invulnerable: "invulnerability",
  leech_seed: "leechseed",
  reflect: "reflect",
  light_screen: "lightscreen",
  mist: "mist",
  focus_energy: "focusenergy",
  flinch: "flinch",
  rage: "rage",
  toxic: "residualdmg",
};

/** Special is one stat in generation 1; Showdown keeps it twice and both must be equal. */
function special(stats, what) {
  if (stats.spa !== stats.spd)
    throw new Error(`${what}: special ${stats.spa} and ${stats.spd} differ`);
  return stats.spa;
}

const saturated = (damage) => Math.min(damage, DAMAGE_LIMIT);

/** A session's battle into `row`, a zeroed buffer; what the foe has seen comes from the session. */
function exportRow(session, layout, codes, row) {
  const { battle } = session;
  for (const side of battle.sides) {
    exportTeam(session, side, layout, codes, row);
    exportActive(session, side, layout, codes, row);
    exportSide(side, layout, codes, row);
  }
  layout.turn.set(row, 0, battle.turn);
  layout.last_damage.set(row, 0, saturated(battle.lastDamage));
  const [a, b, c, d] = battle.prng.rng.seed;
  layout.rng.set(row, 0, a * 0x10000 + b);
  layout.rng.set(row, 1, c * 0x10000 + d);
  layout.winner.set(row, 0, winner(battle));
}

function winner(battle) {
  if (!battle.ended) return 0;
  const index = battle.sides.findIndex((side) => side.name === battle.winner);
  return index < 0 ? 3 : index + 1;
}

function exportTeam(session, side, layout, codes, row) {
  const { n } = side;
  for (let slot = 0; slot < 6; slot++) {
    const at = n * 6 + slot;
    layout.order.set(
      row,
      at,
      slot < side.pokemon.length ? session.slot(side.pokemon[slot]) : NO_POKEMON,
    );
    const pokemon = session.teams[n][slot];
    if (!pokemon) continue;
    layout.species.set(row, at, pokemon.baseSpecies.num);
    layout.level.set(row, at, pokemon.level);
    statPoints(pokemon).forEach((points, i) => layout.stat_points.set(row, at * 5 + i, points));
    layout.hp.set(row, at, pokemon.hp);
    if (pokemon.hp) exportStatus(pokemon, at, layout, codes, row);
    pokemon.baseMoveSlots.forEach((slot, i) => {
      layout.moves.set(row, at * 4 + i, codes.moveNumber(slot.id));
      layout.pp.set(row, at * 4 + i, slot.pp);
    });
    if (pokemon.hp) layout.substitute_broken.set(row, at, pokemon.subFainted ? 1 : 0);
    layout.seen.set(row, at, session.seen[n][slot]);
    layout.revealed.set(row, at, session.revealed[n][slot]);
  }
}

/** IV + floor(EV / 4) of HP, attack, defense, speed, special. */
function statPoints({ set }) {
  const points = (stat) => set.ivs[stat] + Math.floor(set.evs[stat] / 4);
  const spc = special({ spa: points("spa"), spd: points("spd") }, set.species);
  return [points("hp"), points("atk"), points("def"), points("spe"), spc];
}

function exportStatus(pokemon, at, layout, codes, row) {
  layout.status.set(row, at, codes.status(pokemon.status));
  if (pokemon.status !== "slp") return;
  layout.sleep_turns.set(row, at, pokemon.statusState.time);
  layout.slept_by_own.set(row, at, pokemon.statusState.source?.isAlly(pokemon) ? 1 : 0);
}

function exportActive(session, side, layout, codes, row) {
  const { n } = side;
  const pokemon = side.active[0];
  for (const field of ["trapped_by", "fake_trapped_with", "trapping_target"]) {
    layout[field].set(row, n, NO_POKEMON);
  }
  for (let i = 0; i < 2; i++) {
    layout.types.set(row, n * 2 + i, pokemon.hp ? codes.typeNumber(pokemon.types[i]) : 255);
  }
  special(pokemon.modifiedStats, "modified stats");
  STATS.forEach((stat, i) =>
    layout.modified_stats.set(row, n * 4 + i, pokemon.modifiedStats[stat]),
  );
  if (!pokemon.hp) return;
  layout.active_species.set(row, n, pokemon.species.num);
  layout.transformed.set(row, n, pokemon.transformed ? 1 : 0);
  special(pokemon.storedStats, "stored stats");
  special(pokemon.boosts, "boosts");
  STATS.forEach((stat, i) => layout.active_stats.set(row, n * 4 + i, pokemon.storedStats[stat]));
  BOOSTS.forEach((stat, i) => layout.boosts.set(row, n * 6 + i, pokemon.boosts[stat]));
  layout.speed.set(row, n, pokemon.speed);
  let virtual = 0;
  pokemon.moveSlots.forEach((slot, i) => {
    layout.active_moves.set(row, n * 4 + i, codes.moveNumber(slot.id));
    layout.active_pp.set(row, n * 4 + i, slot.pp);
    if (slot.virtual && !pokemon.transformed) virtual |= 1 << i;
  });
  layout.virtual.set(row, n, virtual);
  layout.last_move.set(row, n, codes.moveNumber(pokemon.lastMove?.id ?? ""));
  exportVolatiles(session, n, pokemon.volatiles, layout, codes, row);
}

function exportVolatiles(session, n, volatiles, layout, codes, row) {
  const set = (field, value) => layout[field].set(row, n, value);
  for (const field of Object.keys(FLAGS)) set(field, volatiles[FLAGS[field]] ? 1 : 0);
  const {
    bide,
    confusion,
    disable,
    fakepartiallytrapped: fake,
    lockedmove: thrash,
    partiallytrapped: trapped,
    partialtrappinglock: trapping,
    rage,
    residualdmg,
    substitute,
    twoturnmove: charging,
  } = volatiles;
  if (bide) {
    set("bide_turns", bide.time);
    set("bide_damage", saturated(bide.damage));
  }
  if (confusion) set("confusion", confusion.time);
  if (trapped) {
    set("trapped_turns", trapped.duration);
    set("trapped_by", session.number(trapped.source));
    set("trapped_maybe", trapped.maybeLocked ? 1 : 0);
  }
  if (fake) {
    set("fake_trapped_turns", fake.duration);
    set("fake_trapped_with", session.number(fake.counterpart));
  }
  if (trapping) {
    set("trapping_move", codes.moveNumber(trapping.move));
    set("trapping_turns", trapping.duration);
    set("trapping_total", trapping.totalDuration);
    set("trapping_damage", saturated(trapping.damage));
    set("trapping_target", session.number(trapping.locked));
  }
  if (thrash) {
    set("thrash_move", codes.moveNumber(thrash.move));
    set("thrash_turns", thrash.time);
    set("thrash_accuracy", thrash.accuracy);
  }
  if (charging) set("charging_move", codes.moveNumber(charging.move));
  if (substitute) set("substitute", substitute.hp);
  if (disable) {
    set("disable_move", codes.moveNumber(disable.move));
    set("disable_slot", disable.slotIndex);
    set("disable_turns", disable.time);
  }
  if (rage) set("rage_accuracy", rage.accuracy);
  if (residualdmg) set("toxic_counter", residualdmg.counter);
}

function exportSide(side, layout, codes, row) {
  const { n } = side;
  layout.last_selected_move.set(row, n, codes.moveNumber(side.lastSelectedMove));
  layout.last_enemy_selected_move.set(row, n, codes.moveNumber(side.lastEnemySelectedMove));
  layout.last_enemy_move.set(row, n, codes.moveNumber(side.lastEnemyMove?.id ?? ""));
  layout.last_selected_slot.set(row, n, side.lastSelectedMoveSlot);
  const request = side.activeRequest;
  layout.request.set(row, n, !request || request.wait ? 0 : request.forceSwitch ? 2 : 1);
}

module.exports = { FLAGS, exportRow };
