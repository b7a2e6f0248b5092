// A battle made from a packed row: a new one, every field of which is then set.
"use strict";

const { STATS, STATUSES } = require("./codes");
const { activeMove, setActive, setStat } = require("./import_active");

/** Set `session.battle` up as `row` says. Errors name the field that no battle can have. */
function importRow(session, format, row) {
  const { layout, codes } = session.engine;
  const get = (field, index = 0) => layout[field].get(row, index);
  const teams = [0, 1].map((n) => team(n, get));
  session.open(format, teams, "gen5,0000000000000000");
  const { battle } = session;
  for (const side of battle.sides) {
    setTeam(session, side, get, codes);
    setOrder(session, side, get);
    setSide(side, get, codes);
  }
  for (const side of battle.sides) {
    const active = side.active[0];
    STATS.forEach((stat, i) =>
      setStat(active.modifiedStats, stat, get("modified_stats", side.n * 4 + i)),
    );
    if (active.hp) setActive(session, side, get, codes);
  }
  battle.turn = get("turn");
  battle.lastDamage = get("last_damage");
  battle.queue.clear();
  battle.faintQueue = [];
  setRequest(battle, get);
  // Last of all: the events above may have drawn.
  const high = get("rng", 0);
  const low = get("rng", 1);
  battle.prng.rng.seed = [high >>> 16, high & 0xffff, low >>> 16, low & 0xffff];
}

/** One side's team by numbers; see teams.js. */
function team(n, get) {
  const numbers = [];
  for (let slot = 0; slot < 6; slot++) {
    const at = n * 6 + slot;
    const species = get("species", at);
    if (!species) break;
    const moves = [0, 1, 2, 3].map((i) => get("moves", at * 4 + i)).filter(Boolean);
    if (!moves.length) throw new Error(`moves of p${n + 1}'s slot ${slot} are none`);
    const points = [0, 1, 2, 3, 4].map((i) => get("stat_points", at * 5 + i));
    numbers.push([species, get("level", at), moves, points]);
  }
  if (!numbers.length) throw new Error(`species of p${n + 1} are none`);
  return numbers;
}

function setTeam(session, side, get, codes) {
  const { n } = side;
  session.teams[n].forEach((pokemon, slot) => {
    const at = n * 6 + slot;
    const hp = get("hp", at);
    if (hp > pokemon.maxhp) {
      throw new Error(`hp of p${n + 1}'s slot ${slot} is ${hp} of ${pokemon.maxhp}`);
    }
    pokemon.hp = hp;
    pokemon.fainted = hp === 0;
    pokemon.faintQueued = pokemon.fainted;
    pokemon.subFainted = Boolean(get("substitute_broken", at));
    pokemon.baseMoveSlots.forEach((move, i) => {
      move.pp = get("pp", at * 4 + i);
    });
    setStatus(session, pokemon, at, get);
    session.seen[n][slot] = get("seen", at);
    session.revealed[n][slot] = get("revealed", at);
  });
  side.pokemonLeft = session.teams[n].filter(({ hp }) => hp).length;
  side.totalFainted = session.teams[n].length - side.pokemonLeft;
}

function setStatus(session, pokemon, at, get) {
  const number = get("status", at);
  if (number >= STATUSES.length) {
    throw new Error(`status is ${number}; known: 0 to ${STATUSES.length - 1}`);
  }
  pokemon.status = STATUSES[number];
  pokemon.statusState = session.battle.initEffectState({ id: pokemon.status, target: pokemon });
  if (pokemon.status !== "slp") return;
  const own = get("slept_by_own", at);
  pokemon.statusState.time = get("sleep_turns", at);
  pokemon.statusState.source = own ? pokemon : pokemon.side.foe.pokemon[0];
}

function setOrder(session, side, get) {
  const { n } = side;
  const team = session.teams[n];
  const slots = team.map((_, position) => get("order", n * 6 + position));
  if ([...slots].sort((a, b) => a - b).some((slot, i) => slot !== i)) {
    throw new Error(
      `order of p${n + 1} is ${slots.join(" ")}; it must hold each of its slots once`,
    );
  }
  for (const pokemon of team) {
    pokemon.isActive = false;
    pokemon.isStarted = false;
    pokemon.clearVolatile();
  }
  side.pokemon = slots.map((slot) => team[slot]);
  side.pokemon.forEach((pokemon, position) => {
    pokemon.position = position;
  });
  const active = side.pokemon[0];
  side.active[0] = active;
  active.isActive = !active.fainted;
  active.isStarted = active.isActive;
  if (active.fainted) active.status = "fnt";
}

function setSide(side, get, codes) {
  const { n } = side;
  side.lastSelectedMove = codes.moveId(get("last_selected_move", n));
  side.lastEnemySelectedMove = codes.moveId(get("last_enemy_selected_move", n));
  side.lastEnemyMove = activeMove(side.battle, codes, get("last_enemy_move", n));
  side.lastMove = side.lastEnemyMove;
  side.lastSelectedMoveSlot = get("last_selected_slot", n);
}

/** Ask what the row says is asked, with the flags that Showdown works out at a turn's end. */
function setRequest(battle, get) {
  const winner = get("winner");
  if (winner) {
    battle.ended = true;
    battle.winner = ["", "p1", "p2", ""][winner] ?? "";
    battle.requestState = "";
    for (const side of battle.sides) side.activeRequest = null;
    return;
  }
  const requests = [get("request", 0), get("request", 1)];
  if (Math.max(...requests) > 2 || !requests.some(Boolean)) {
    throw new Error(`request is ${requests.join(" ")}; accepted: 0 to 2, not both 0`);
  }
  const switching = requests.includes(2);
  battle.midTurn = switching;
  battle.sides.forEach((side, n) => {
    const fainted = side.active[0].fainted;
    if (fainted !== (requests[n] === 2)) {
      throw new Error(`request of p${n + 1} is ${requests[n]}; its active Pokemon's HP says else`);
    }
    side.active[0].switchFlag = fainted;
    side.faintedThisTurn = fainted ? side.active[0] : null; // spares the next one poison and burn
    if (!switching) setFlags(battle, side.active[0]);
  });
  battle.makeRequest(switching ? "switch" : "move");
}

function setFlags(battle, pokemon) {
  pokemon.maybeDisabled = false;
  pokemon.maybeLocked = false;
  for (const slot of pokemon.moveSlots) slot.disabled = false;
  battle.runEvent("DisableMove", pokemon);
  pokemon.trapped = false;
  pokemon.maybeTrapped = false;
  battle.runEvent("TrapPokemon", pokemon);
}

module.exports = { importRow };
