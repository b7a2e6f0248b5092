"""What a player may know of a battle, as docs/envs/pokemon.md lays it out.

Made from STATE alone.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from samestep_jax.pokemon import consts
from samestep_jax.pokemon.packing import quotient
from samestep_jax.pokemon.state import PokemonState, all_stats

TEAM = consts.TEAM_SIZE
OWN_SIZE, FOE_SIZE, ACTIVE_SIZE = 18, 9, 26
OBS_SIZE = 2 + TEAM * (OWN_SIZE + FOE_SIZE) + (ACTIVE_SIZE + 2 * consts.MOVE_SLOTS) + ACTIVE_SIZE
FULL_SIZE = OBS_SIZE + TEAM * OWN_SIZE + 2 * TEAM + 2 * 7
LOWEST, HIGHEST = -6, 1001

UNKNOWN = 256
"""Above every move's number."""
PLAIN = ("transformed", "boosts", "last_move")
FLAGS = (
    *("confusion", "substitute", "leech_seed", "reflect", "light_screen", "mist", "focus_energy"),
)
COUNTERS = (
    *("confusion", "substitute", "disable_turns", "thrash_turns", "bide_turns"),
    *("trapping_turns", "toxic_counter"),
)


def observe(state: PokemonState, full: bool) -> jax.Array:
    """Both players' observations, (2, 224) or, with full information, (2, 358) i16."""
    stats = all_stats(
        state.species.astype(jnp.int32),
        state.level.astype(jnp.int32),
        state.stat_points.astype(jnp.int32),
    )
    stats = jnp.where((state.species > 0)[..., None], stats, 0)
    own, known = _team(state, stats), _appeared(state, stats)
    actives, moves = _active(state), _moves_now(state)
    asked = state.request.astype(jnp.int32)
    turn = jnp.full((2, 1), state.turn.astype(jnp.int32))
    parts = [turn, asked[:, None], own, known[::-1], actives, moves, actives[::-1]]
    if full:
        sleep, counters = state.sleep_turns.astype(jnp.int32), _counters(state)
        parts += [own[::-1], sleep, sleep[::-1], counters, counters[::-1]]
    return jnp.concatenate(parts, axis=1).astype(jnp.int16)


def _of(state: PokemonState, name: str) -> jax.Array:
    """A field of both sides, (2, k) i32."""
    field: jax.Array = getattr(state, name)
    return field.astype(jnp.int32).reshape(2, -1)


def _is_active(state: PokemonState) -> jax.Array:
    """(2, 6): whether a slot is the one in front and has not fainted."""
    return (state.order[:, :1] == jnp.arange(TEAM)) & (state.hp > 0)


def _alive(state: PokemonState, values: jax.Array) -> jax.Array:
    """Values of the active Pokemon, 0 once it has fainted."""
    return jnp.where(_is_active(state).any(1, keepdims=True), values, 0)


def _team(state: PokemonState, stats: jax.Array) -> jax.Array:
    """(2, 6 * 18), as its own player knows it."""
    pp = jnp.where((state.hp > 0)[..., None], state.pp, 0)
    columns = [state.species, state.level, state.hp, stats, state.status, state.moves, pp]
    return _table([*columns, _is_active(state)])


def _table(columns: list[jax.Array]) -> jax.Array:
    """(2, 6 * k) of columns, each (2, 6) or (2, 6, m)."""
    shaped = [c.astype(jnp.int32).reshape(2, TEAM, -1) for c in columns]
    return jnp.concatenate(shaped, axis=2).reshape(2, -1)


def _appeared(state: PokemonState, stats: jax.Array) -> jax.Array:
    """(2, 6 * 9), in the order of appearance, as the other player knows it."""
    hp, top = state.hp.astype(jnp.int32), jnp.maximum(stats[..., 0], 1)
    percent = quotient(100 * hp + top - 1, top)
    percent = jnp.where((percent == 100) & (hp < top), 99, percent)
    columns = [state.species, state.level, percent, state.status, _known_moves(state)]
    known = _table([*columns, _is_active(state)]).reshape(2, TEAM, FOE_SIZE)
    ordered = jnp.zeros((2, TEAM, FOE_SIZE), jnp.int32)
    for slot in range(TEAM):
        at = state.seen[:, slot, None] == jnp.arange(1, TEAM + 1)
        ordered += jnp.where(at[..., None], known[:, slot, None], 0)
    return ordered.reshape(2, -1)


def _known_moves(state: PokemonState) -> jax.Array:
    """(2, 6, 4) the moves that were shown, the lowest number first, then 0.

    No message tells the other player which slots they are in.
    """
    shown = (state.revealed[..., None] >> jnp.arange(4, dtype=jnp.uint8)) & 1
    moves = jnp.where(shown > 0, state.moves.astype(jnp.int32), UNKNOWN)
    a, b, c, d = (moves[..., i] for i in range(4))
    a, b, c, d = jnp.minimum(a, b), jnp.maximum(a, b), jnp.minimum(c, d), jnp.maximum(c, d)
    first, last = jnp.minimum(a, c), jnp.maximum(b, d)
    b, c = jnp.maximum(a, c), jnp.minimum(b, d)
    ranked = jnp.stack([first, jnp.minimum(b, c), jnp.maximum(b, c), last], axis=-1)
    return jnp.where(ranked == UNKNOWN, 0, ranked)


def _active(state: PokemonState) -> jax.Array:
    """(2, 26), as both players know it."""
    held = ("trapped_turns", "fake_trapped_turns", "trapping_move")
    # One flag for who is held and who holds: neither player is told when it ends.
    trapped = jnp.stack([_of(state, name) for name in held]).sum(0) > 0
    columns = [_of(state, name) for name in ("active_species", "types", *PLAIN)]
    columns += [_of(state, name) > 0 for name in FLAGS]
    columns += [_of(state, "charging_move")]
    columns += [_of(state, name) > 0 for name in ("invulnerable", "recharge")]
    columns += [trapped]
    columns += [_of(state, name) > 0 for name in ("bide_turns", "thrash_move", "rage")]
    columns += [_of(state, "disable_move")]
    return _alive(state, jnp.concatenate([c.astype(jnp.int32) for c in columns], axis=1))


def _moves_now(state: PokemonState) -> jax.Array:
    """(2, 8) the active Pokemon's moves and PP, which Mimic and Transform change."""
    names = ("active_moves", "active_pp")
    return _alive(state, jnp.concatenate([_of(state, name) for name in names], axis=1))


def _counters(state: PokemonState) -> jax.Array:
    """(2, 7) what only the battle itself knows of the active Pokemon."""
    return _alive(state, jnp.concatenate([_of(state, name) for name in COUNTERS], axis=1))
