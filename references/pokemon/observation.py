"""What a player may know of a battle, as docs/envs/pokemon.md lays it out.

Made from STATE alone, for many battles at once.
"""

from __future__ import annotations

import numpy as np

from references.pokemon.tables import CONSTANTS

OWN_SIZE, FOE_SIZE, ACTIVE_SIZE = 18, 9, 26
OBS_SIZE = 2 + 6 * OWN_SIZE + 6 * FOE_SIZE + (ACTIVE_SIZE + 8) + ACTIVE_SIZE
FULL_SIZE = OBS_SIZE + 6 * OWN_SIZE + 2 * 6 + 2 * 7

BASE = np.array(
    [CONSTANTS[f"SPECIES_{stat}"] for stat in ("HP", "ATK", "DEF", "SPE", "SPC")], np.int32
)
"""(5, species) base stats."""

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


def stats_of(species: np.ndarray, level: np.ndarray, stat_points: np.ndarray) -> np.ndarray:
    """Unmodified HP, attack, defense, speed and special, (..., 5) i32; 0 where there is no Pokemon.

    Source: Showdown 0.11.11, data/mods/gen1 and sim/battle.ts, statModify and spreadModify.

    Args:
        species, level: (...), national number and level.
        stat_points: (..., 5), IV + floor(EV / 4) of each stat.
    """
    base = np.moveaxis(BASE[:, species], 0, -1)
    levels = level.astype(np.int32)[..., None]
    raw = 2 * base + stat_points.astype(np.int32)
    raw[..., 0] += 100
    stats = raw * levels // 100 + 5
    stats[..., 0] += 5
    return np.asarray(np.where(species[..., None] > 0, stats, 0), np.int32)


def observe(state: np.ndarray, full: bool = False) -> np.ndarray:
    """Both players' observations, (N, 2, 224) or, with full information, (N, 2, 358) i16.

    Args:
        state: (N,) structured, with STATE's fields.
        full: append what a player cannot know.
    """
    players = [_player(state, side, full) for side in (0, 1)]
    return np.stack(players, axis=1)


def _player(state: np.ndarray, own: int, full: bool) -> np.ndarray:
    foe = 1 - own
    parts = [
        state["turn"][:, None],
        state["request"][:, own, None],
        _flat(_team(state, own)),
        _flat(_appeared(state, foe)),
        _active(state, own),
        _alive(state, own, np.concatenate([_of(state, n, own) for n in MOVES_NOW], axis=1)),
        _active(state, foe),
    ]
    if full:
        parts.append(_flat(_team(state, foe)))
        parts += [state["sleep_turns"][:, side] for side in (own, foe)]
        for side in (own, foe):
            counters = np.concatenate([_of(state, name, side) for name in COUNTERS], axis=1)
            parts.append(_alive(state, side, counters))
    return np.concatenate(parts, axis=1, dtype=np.int16, casting="unsafe")


MOVES_NOW = ("active_moves", "active_pp")


def _flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1)


def _of(state: np.ndarray, name: str, side: int) -> np.ndarray:
    """A side's field, (N, k)."""
    return state[name][:, side].reshape(len(state), -1).astype(np.int32)


def _is_active(state: np.ndarray, side: int) -> np.ndarray:
    """(N, 6): whether a slot is the one in front and has not fainted."""
    front = state["order"][:, side, 0, None] == np.arange(6)
    return np.asarray(front & (state["hp"][:, side] > 0))


def _alive(state: np.ndarray, side: int, values: np.ndarray) -> np.ndarray:
    """Values of an active Pokemon, 0 once it has fainted."""
    standing = np.asarray(_is_active(state, side).any(1, keepdims=True))
    return np.where(standing, values, 0)


def _team(state: np.ndarray, side: int) -> np.ndarray:
    """(N, 6, 18), as its own player knows it."""
    species, level = state["species"][:, side], state["level"][:, side]
    stats = stats_of(species, level, state["stat_points"][:, side])
    columns = [species, level, state["hp"][:, side]]
    columns += [stats[..., i] for i in range(5)]
    columns.append(state["status"][:, side])
    columns += [state["moves"][:, side, :, i] for i in range(4)]
    left = np.where(state["hp"][:, side, :, None] > 0, state["pp"][:, side], 0)
    columns += [left[..., i] for i in range(4)]
    columns.append(_is_active(state, side))
    return np.stack([column.astype(np.int32) for column in columns], axis=-1)


def _appeared(state: np.ndarray, side: int) -> np.ndarray:
    """(N, 6, 9), in the order of appearance, as the other player knows it."""
    species, level = state["species"][:, side], state["level"][:, side]
    hp = state["hp"][:, side].astype(np.int32)
    top = np.maximum(stats_of(species, level, state["stat_points"][:, side])[..., 0], 1)
    percent = -(-100 * hp // top)
    percent = np.where((percent == 100) & (hp < top), 99, percent)
    shown = (state["revealed"][:, side, :, None] >> np.arange(4)) & 1
    # No message tells a foe's slots, so the moves are sorted, with what is not known last.
    known_moves = np.where(shown > 0, state["moves"][:, side].astype(np.int32), UNKNOWN)
    moves = np.sort(known_moves, axis=-1) % UNKNOWN
    columns = [species, level, percent, state["status"][:, side]]
    columns += [moves[..., i] for i in range(4)]
    columns.append(_is_active(state, side))
    known = np.stack([column.astype(np.int32) for column in columns], axis=-1)
    rank = state["seen"][:, side, None, :] == np.arange(1, 7)[:, None]  # (N, rank, slot)
    return np.asarray((rank[..., None] * known[:, None]).sum(2))


def _active(state: np.ndarray, side: int) -> np.ndarray:
    """(N, 26), as both players know it; zeros once it has fainted."""
    # One flag for who is held and who holds: neither player is told when it ends.
    trapped = (
        (_of(state, "trapped_turns", side) > 0)
        | (_of(state, "fake_trapped_turns", side) > 0)
        | (_of(state, "trapping_move", side) > 0)
    )
    columns = [_of(state, name, side) for name in ("active_species", "types", *PLAIN)]
    columns += [_of(state, name, side) > 0 for name in FLAGS]
    columns += [_of(state, "charging_move", side)]
    columns += [_of(state, name, side) > 0 for name in ("invulnerable", "recharge")]
    columns += [trapped]
    columns += [_of(state, name, side) > 0 for name in ("bide_turns", "thrash_move", "rage")]
    columns += [_of(state, "disable_move", side)]
    return _alive(state, side, np.concatenate(columns, axis=1, dtype=np.int32))
