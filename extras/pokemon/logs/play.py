"""Random battles on any backend, recorded as they are played."""

from __future__ import annotations

import numpy as np

from extras.pokemon.logs.battle import Battle
from extras.pokemon.logs.recorder import Recorder
from extras.pokemon.logs.replay import default_backend
from harness import registry
from harness.implementations import make_batch

MOST_INSTANCES = 64


def random_battles(count: int, format: int, seed: int, backend: str = "") -> list[Battle]:
    """The first `count` battles to end, both players choosing among what is legal.

    Args:
        count: how many, from 1.
        format: the parameter.
        seed: of the batch, and of the choices.
        backend: reference, rust or jax; the fastest that is there by default.
    """
    num_envs = min(count, MOST_INSTANCES)
    entry = registry.get("pokemon")
    batch = make_batch(entry, backend or default_backend(), num_envs, {"format": format})
    recorder = Recorder(seed, num_envs, format)
    rng = np.random.default_rng(seed)
    battles: list[Battle] = []
    try:
        batch.reset(seed)
        legal = batch.legal()
        while len(battles) < count:
            assert legal is not None
            actions = (rng.random(legal.shape) * legal).argmax(-1).astype(np.int32)
            step = batch.step(actions)
            legal = step.legal
            battles += recorder.step(actions, step.terminated)
    finally:
        batch.close()
    return battles[:count]
