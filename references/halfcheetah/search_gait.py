"""Finds the gait in gait.py: the cross-entropy method over 19 numbers, on MuJoCo.

`python -m references.halfcheetah.search_gait` prints the numbers and how fast they run, in about
five minutes. MuJoCo's trajectories decide, so another version of it may find other numbers.
"""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np

from references.halfcheetah import gait
from references.halfcheetah.rules import HalfCheetah

SEED = 0
GENERATIONS, CANDIDATES, ELITE = 120, 60, 10
STARTS = 4
"""Starts a candidate; what runs from one alone is luck."""
STEPS = 300
"""Of a candidate's run; those that are reported last a whole episode of 1,000."""
UPRIGHT = 0.8
"""rad; a torso that is turned further than this ends the run, for a somersault is no gait."""
SMOOTHING = 0.7
NOISE_FLOOR = 0.02


def speed(cheetah: HalfCheetah, genes: np.ndarray, steps: int, rng: np.random.Generator) -> float:
    """m/s forwards over `steps`, from one start with v5's noise; what follows a fall counts as 0.

    Args:
        genes: (19,) amplitudes, phases, offsets and the frequency.
    """
    model, data = cheetah.model, cheetah.data
    mujoco.mj_resetData(model, data)
    data.qpos[:] += rng.uniform(-0.1, 0.1, model.nq)
    data.qvel[:] = 0.1 * rng.standard_normal(model.nv)
    start = data.qpos[0]
    for step in range(steps):
        data.ctrl[:] = gait.sines(step * gait.STEP_SECONDS, genes[18], *genes[:18].reshape(3, 6))
        mujoco.mj_step(model, data, nstep=5)
        if abs(data.qpos[2]) > UPRIGHT:
            break
    return float(data.qpos[0] - start) / (steps * gait.STEP_SECONDS)


def search(cheetah: HalfCheetah, rng: np.random.Generator) -> np.ndarray:
    """(19,) genes."""
    mean = np.concatenate([np.full(6, 0.6), rng.uniform(-3, 3, 6), np.zeros(6), [2.0]])
    std = np.repeat([0.4, 1.5, 0.3, 0.8], [6, 6, 6, 1])
    for generation in range(GENERATIONS):
        candidates = mean + std * rng.standard_normal((CANDIDATES, mean.size))
        candidates[:, :6] = candidates[:, :6].clip(-1, 1)
        candidates[:, 12:18] = candidates[:, 12:18].clip(-1, 1)
        candidates[:, 18] = candidates[:, 18].clip(0.5, 4)
        scores = [
            np.mean([speed(cheetah, genes, STEPS, rng) for _ in range(STARTS)])
            for genes in candidates
        ]
        elite = candidates[np.argsort(scores)[-ELITE:]]
        mean += SMOOTHING * (elite.mean(0) - mean)
        std += SMOOTHING * (elite.std(0) - std) + NOISE_FLOOR
        print(f"generation {generation}: best {max(scores):.2f}, mean {np.mean(scores):.2f} m/s")
    return mean


def main() -> None:
    """Search and print."""
    cheetah = HalfCheetah()
    rng = np.random.default_rng(SEED)
    genes = search(cheetah, rng)
    names: dict[str, Any] = {"AMPLITUDE": genes[:6], "PHASE": genes[6:12], "OFFSET": genes[12:18]}
    print(f"FREQUENCY = {genes[18]:.3f}")
    for name, numbers in names.items():
        print(f"{name} = ({', '.join(f'{number:.3f}' for number in numbers)})")
    episodes = [speed(cheetah, genes.round(3), 1000, rng) for _ in range(20)]
    print(f"20 episodes: {min(episodes):.2f} to {max(episodes):.2f} m/s, {np.median(episodes):.2f}")


if __name__ == "__main__":
    main()
