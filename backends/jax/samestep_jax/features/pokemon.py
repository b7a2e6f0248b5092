"""A network's inputs from Pokemon's observations: ids become what they stand for.

Species and moves are replaced by types, stats and powers, and the moves of the active Pokemon are
weighed against the foe's, by generation 1's damage formula without its chances. Nothing is used
that is not in the observation; docs/envs/pokemon.md has its layout.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from samestep_jax.pokemon import consts

OWN, FOE, OWN_ACTIVE, FOE_ACTIVE = 2, 110, 164, 198
"""Where the parts of an observation begin; what comes after them, full information, is not used."""
OBS_SIZE = 224
OWN_SIZE, FOE_SIZE, ACTIVE_SIZE = 18, 9, 26
NUM_TYPES, NUM_STATUSES, NUM_EFFECTS = 15, 7, 33
STAT_SCALE = 1.0 / 400.0
STRUGGLE = 165

# Twice the type chart, so that its entries are factors in halves: 0, 1, 2, 4 as 0, 0.5, 1, 2.
_FACTOR = np.asarray(consts.TYPE_CHART, np.float32).reshape(NUM_TYPES, NUM_TYPES) / 2.0
# A second type that is none changes nothing.
_CHART = np.concatenate([_FACTOR, np.ones((NUM_TYPES, 1), np.float32)], axis=1)


def _table(name: str, size: int = 0) -> jax.Array:
    values = np.asarray(getattr(consts, name), np.int32)
    return jnp.asarray(values[: size or len(values)])


class _Side(NamedTuple):
    """One active Pokemon as the damage formula takes it; (...,) each."""

    level: jax.Array
    attack: jax.Array
    defense: jax.Array
    special: jax.Array
    types: jax.Array  # (..., 2), NUM_TYPES for none

    def beside(self) -> _Side:
        """With an axis more, of what it is set against."""
        level, attack, defense, special, types = self
        return _Side(
            level[..., None],
            attack[..., None],
            defense[..., None],
            special[..., None],
            types[..., None, :],
        )


def encode(obs: jax.Array) -> jax.Array:
    """Inputs (..., 576) f32 from observations (..., 224 or more), of any dtype."""
    ids = obs.astype(jnp.int32)
    own = ids[..., OWN:FOE].reshape(*ids.shape[:-1], 6, OWN_SIZE)
    foe = ids[..., FOE:OWN_ACTIVE].reshape(*ids.shape[:-1], 6, FOE_SIZE)
    own_active = ids[..., OWN_ACTIVE:FOE_ACTIVE]
    foe_active = ids[..., FOE_ACTIVE:OBS_SIZE]
    own_here, foe_here = own[..., 17], foe[..., 8]
    # Numbers of the team's Pokemon that are active; zeros where none is.
    own_team = (own * own_here[..., None]).sum(-2)
    foe_team = (foe * foe_here[..., None]).sum(-2)
    us = _own_side(own_team, own_active)
    them = _foe_side(foe_team, foe_active)
    foe_max = _stat(_table("SPECIES_HP")[foe_team[..., 0]], foe_team[..., 1], True)
    foe_hp = foe_max * foe_team[..., 2] / 100.0
    own_hp = own_team[..., 2].astype(jnp.float32)
    moves = own_active[..., ACTIVE_SIZE : ACTIVE_SIZE + 4]
    points = own_active[..., ACTIVE_SIZE + 4 : ACTIVE_SIZE + 8]
    parts = [
        _request(ids),
        _flat(_own_pokemon(own, them, foe_hp)),
        _flat(_foe_pokemon(foe, us)),
        _flat(_moves(moves, points, us, them, foe_hp)),
        _flat(_threats(foe_team[..., 4:8], them, us, own_hp)),
        _active(own_active[..., :ACTIVE_SIZE]),
        _active(foe_active),
    ]
    return jnp.concatenate(parts, axis=-1)


def _flat(x: jax.Array) -> jax.Array:
    return x.reshape(*x.shape[:-2], -1)


def _one_hot(x: jax.Array, size: int) -> jax.Array:
    return (x[..., None] == jnp.arange(size)).astype(jnp.float32)


def _types_of(species: jax.Array) -> jax.Array:
    """(..., 2), NUM_TYPES for none."""
    both = jnp.stack([_table("SPECIES_TYPE1")[species], _table("SPECIES_TYPE2")[species]], -1)
    return jnp.minimum(both, NUM_TYPES)


def _stat(base: jax.Array, level: jax.Array, hp: bool = False) -> jax.Array:
    """A stat of a Pokemon with the usual DVs and stat experience, nearly."""
    raw = (2.0 * base + 93.0) * level / 100.0
    return raw + level + 10.0 if hp else raw + 5.0


def _own_side(team: jax.Array, active: jax.Array) -> _Side:
    stats = team[..., 4:8].astype(jnp.float32)  # attack, defense, speed, special
    types = jnp.minimum(active[..., 1:3], NUM_TYPES)
    return _staged(team[..., 1], stats[..., 0], stats[..., 1], stats[..., 3], types, active)


def _foe_side(team: jax.Array, active: jax.Array) -> _Side:
    species, level = active[..., 0], team[..., 1]
    attack, defense, special = (
        _stat(_table(name)[species], level)
        for name in ("SPECIES_ATK", "SPECIES_DEF", "SPECIES_SPC")
    )
    types = jnp.minimum(active[..., 1:3], NUM_TYPES)
    return _staged(level, attack, defense, special, types, active)


def _staged(
    level: jax.Array,
    attack: jax.Array,
    defense: jax.Array,
    special: jax.Array,
    types: jax.Array,
    active: jax.Array,
) -> _Side:
    """With the stages of attack, defense and special."""
    percent = _table("STAGE_PERCENT").astype(jnp.float32) / 100.0
    factor = [percent[jnp.clip(active[..., at], -6, 6) + 6] for at in (4, 5, 7)]
    return _Side(
        level.astype(jnp.float32),
        attack * factor[0],
        defense * factor[1],
        special * factor[2],
        types,
    )


def _effectiveness(kind: jax.Array, types: jax.Array) -> jax.Array:
    """Of an attack's type on a Pokemon's two types, 0 to 4."""
    chart = jnp.asarray(_CHART)
    return chart[kind, types[..., 0]] * chart[kind, types[..., 1]]


def _damage(move: jax.Array, attacker: _Side, defender: _Side) -> jax.Array:
    """Expected, but for critical hits and side effects; (..., n) for moves (..., n)."""
    one, other = attacker.beside(), defender.beside()
    kind, power = _table("MOVE_TYPE")[move], _table("MOVE_POWER")[move].astype(jnp.float32)
    special = _table("MOVE_CATEGORY")[move] == consts.CATEGORY_SPECIAL
    attack = jnp.where(special, one.special, one.attack)
    defense = jnp.maximum(jnp.where(special, other.special, other.defense), 1.0)
    raw = (2.0 * one.level / 5.0 + 2.0) * power * attack / defense / 50.0 + 2.0
    same = (kind[..., None] == one.types).any(-1)
    hits = _table("MOVE_MULTIHIT")[move]
    times = jnp.where(hits == 5, 3.0, jnp.where(hits == 2, 2.0, 1.0))
    effect = _effectiveness(jnp.minimum(kind, NUM_TYPES - 1), other.types)
    plain = raw * jnp.where(same, 1.5, 1.0) * effect * times * 0.925
    fixed = _table("MOVE_DAMAGE")[move].astype(jnp.float32)
    code = _table("MOVE_EFFECT")[move]
    plain = jnp.where(code == consts.EFFECT_LEVEL_DAMAGE, one.level, plain)
    plain = jnp.where(code == consts.EFFECT_FIXED_DAMAGE, fixed, plain)
    accuracy = _table("MOVE_ACCURACY")[move]
    hit = jnp.where(accuracy == 0, 1.0, accuracy / 100.0)
    return jnp.where(power > 0, plain * hit, 0.0)


def _request(ids: jax.Array) -> jax.Array:
    turn = jnp.minimum(ids[..., :1], 200).astype(jnp.float32) / 100.0
    return jnp.concatenate([turn, _one_hot(ids[..., 1], 3)], -1)


def _own_pokemon(own: jax.Array, them: _Side, foe_hp: jax.Array) -> jax.Array:
    """(..., 6, 22)."""
    species, hp, top = own[..., 0], own[..., 2], jnp.maximum(own[..., 3], 1)
    types = _types_of(species)
    stats = own[..., 4:8].astype(jnp.float32)
    each = _Side(
        own[..., 1].astype(jnp.float32), stats[..., 0], stats[..., 1], stats[..., 3], types
    )
    best = _damage(own[..., 9:13], each, them.beside()).max(-1) / (foe_hp[..., None] + 1.0)
    threat = _effectiveness(them.types[..., None, :], types[..., None, :]).max(-1)
    numbers = [
        (hp > 0).astype(jnp.float32),
        own[..., 17].astype(jnp.float32),
        hp / top,
        own[..., 1] / 100.0,
        top * STAT_SCALE,
        jnp.minimum(best, 2.0),
        jnp.where(them.level > 0, 1.0, 0.0)[..., None] * threat,
        (own[..., 13:17] > 0).sum(-1) / 4.0,
    ]
    scaled = stats * STAT_SCALE
    status = _one_hot(own[..., 8], NUM_STATUSES)
    return jnp.concatenate([jnp.stack(numbers, -1), scaled, status, _has(own[..., 9:13])], -1)


def _has(moves: jax.Array) -> jax.Array:
    """(..., 3): whether one of these moves heals, puts to sleep, or raises or lowers a stat."""
    code = _table("MOVE_EFFECT")[moves]
    heals = (code == consts.EFFECT_RECOVER) | (code == consts.EFFECT_REST)
    sleeps = _table("MOVE_STATUS")[moves] == consts.STATUS_SLP
    stages = _table("MOVE_BOOST_STAGES")[moves] != 0
    return jnp.stack([x.any(-1).astype(jnp.float32) for x in (heals, sleeps, stages)], -1)


def _foe_pokemon(foe: jax.Array, us: _Side) -> jax.Array:
    """(..., 6, 18)."""
    species, level = foe[..., 0], foe[..., 1]
    types = _types_of(species)
    names = ("SPECIES_HP", "SPECIES_ATK", "SPECIES_DEF", "SPECIES_SPE", "SPECIES_SPC")
    stats = jnp.stack([_stat(_table(name)[species], level) for name in names], -1)
    ours = us.types[..., None, :]
    seen = (species > 0).astype(jnp.float32)
    numbers = [
        seen,
        foe[..., 8].astype(jnp.float32),
        foe[..., 2] / 100.0,
        level / 100.0,
        seen * _effectiveness(ours, types[..., None, :]).max(-1),
        seen * _effectiveness(types, ours[..., None, :]).max(-1),
    ]
    status = _one_hot(foe[..., 3], NUM_STATUSES)
    return jnp.concatenate(
        [jnp.stack(numbers, -1), stats * (seen * STAT_SCALE)[..., None], status], -1
    )


def _moves(
    moves: jax.Array, points: jax.Array, us: _Side, them: _Side, foe_hp: jax.Array
) -> jax.Array:
    """(..., 4, 60), of the active Pokemon's moves."""
    kind = _table("MOVE_TYPE")[moves]
    harm = _damage(moves, us, them) / (foe_hp[..., None] + 1.0)
    effect = _effectiveness(jnp.minimum(kind, NUM_TYPES - 1), them.types[..., None, :])
    numbers = [
        (moves > 0).astype(jnp.float32),
        (points > 0).astype(jnp.float32),
        _table("MOVE_POWER")[moves] / 100.0,
        _table("MOVE_ACCURACY")[moves] / 100.0,
        jnp.minimum(harm, 2.0),
        (harm >= 1.0).astype(jnp.float32),
        effect,
        _table("MOVE_PRIORITY")[moves].astype(jnp.float32),
        _table("MOVE_BOOST_STAGES")[moves] / 2.0,
        _table("MOVE_SECONDARY_CHANCE")[moves] / 256.0,
        (_table("MOVE_DRAIN")[moves] > 0).astype(jnp.float32),
        (_table("MOVE_RECOIL_DIVISOR")[moves] > 0).astype(jnp.float32),
        (_table("MOVE_CATEGORY")[moves] == consts.CATEGORY_STATUS).astype(jnp.float32),
        _table("MOVE_TARGETS_SELF")[moves].astype(jnp.float32),
    ]
    return jnp.concatenate(
        [
            jnp.stack(numbers, -1),
            _one_hot(_table("MOVE_STATUS")[moves], NUM_STATUSES),
            _one_hot(_table("MOVE_SECONDARY")[moves], 5),
            _one_hot(_table("MOVE_EFFECT")[moves], NUM_EFFECTS + 1),
        ],
        -1,
    )


def _threats(moves: jax.Array, them: _Side, us: _Side, own_hp: jax.Array) -> jax.Array:
    """(..., 4, 4), of the moves that the foe's active Pokemon has shown."""
    harm = _damage(moves, them, us) / (own_hp[..., None] + 1.0)
    numbers = [
        (moves > 0).astype(jnp.float32),
        jnp.minimum(harm, 2.0),
        (_table("MOVE_STATUS")[moves] > 0).astype(jnp.float32),
        _table("MOVE_POWER")[moves] / 100.0,
    ]
    return jnp.stack(numbers, -1)


def _active(active: jax.Array) -> jax.Array:
    """(..., 38): types, stages, conditions."""
    kinds = _one_hot(active[..., 1], NUM_TYPES) + _one_hot(active[..., 2], NUM_TYPES)
    flags = active[..., [3, *range(11, 26)]]
    conditions = (flags > 0).astype(jnp.float32)
    stages = active[..., 4:10] / 3.0
    last = active[..., 10]
    power = _table("MOVE_POWER")[jnp.minimum(last, STRUGGLE)] / 100.0
    return jnp.concatenate([kinds, stages, conditions, power[..., None]], -1)
