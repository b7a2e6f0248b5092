"""Holds our PPO against Stable-Baselines3's: the same task, settings and number of seeds.

    python -m ppo.against_sb3 [--publish]

Both learn Pong through `samestep_rust`, with observations and rewards normalised. The curves of one
are within the other's spread where the ranges over seeds overlap. Needs stable-baselines3.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from harness import registry
from harness.benching.records import results_dir
from harness.errors import UserError
from ppo.loops import make_loop
from ppo.ppo import Agent, Args
from ppo.runs import origin

POINTS = 16
"""Places on a curve: each the mean of the episodes that ended since the one before."""


@dataclass
class Options:
    """Compare learning curves with Stable-Baselines3's."""

    seeds: int = 5
    """Seeds of either."""
    steps: int = 1_048_576
    """Environment steps of each."""
    publish: bool = False
    """Also write results/published/ppo-against-sb3.json and .svg."""


def ours(args: Args) -> np.ndarray:
    """Curves (seeds, POINTS), NaN where no episode ended."""
    from ppo.envs import make_env

    env = make_env(registry.get(args.env), args.backend, args.num_envs, args.params)
    loop = make_loop(Agent(args, env.layout), env)
    sums, counts = np.zeros((2, POINTS, args.num_seeds))
    for number in range(args.updates):
        metrics = loop.update(number)
        place = number * POINTS // args.updates
        sums[place] += metrics["return_sum"]
        counts[place] += metrics["episodes"]
    return _means(sums, counts).T


def theirs(args: Args, seed: int) -> np.ndarray:
    """A curve (POINTS,) of Stable-Baselines3's PPO under the same settings.

    Raises:
        UserError: where it is not installed.
    """
    try:
        import torch
        from stable_baselines3 import PPO
        from stable_baselines3.common.callbacks import BaseCallback
        from stable_baselines3.common.vec_env import VecMonitor, VecNormalize
    except ImportError as error:
        raise UserError(
            f"stable-baselines3 is not installed ({error}): make setup-trainers"
        ) from None

    import samestep_rust
    from samestep_rust.sb3 import SB3VecEnv

    sums, counts = np.zeros((2, POINTS))

    class Episodes(BaseCallback):  # type: ignore[misc,unused-ignore]
        """Adds up the returns of the episodes that end."""

        def _on_step(self) -> bool:
            place = min(POINTS - 1, (self.num_timesteps - 1) * POINTS // args.steps)
            for info in self.locals["infos"]:
                if "episode" in info:
                    sums[place] += info["episode"]["r"]
                    counts[place] += 1
            return True

    torch.set_num_threads(1)  # so small a network is not faster on more
    params: dict[str, Any] = args.params
    venv = SB3VecEnv(samestep_rust.make_vec(args.env, args.num_envs, **params))
    venv.seed(seed)
    envs = VecNormalize(VecMonitor(venv), gamma=args.gamma, clip_reward=np.inf)
    start = args.learning_rate
    model = PPO(
        "MlpPolicy",
        envs,
        learning_rate=lambda left: start * left,
        n_steps=args.num_steps,
        batch_size=args.batch_size // args.num_minibatches,
        n_epochs=args.update_epochs,
        gamma=args.gamma,
        gae_lambda=args.gae_lambda,
        clip_range=args.clip_coef,
        ent_coef=args.ent_coef,
        vf_coef=args.vf_coef / 2,  # its value loss is not halved
        max_grad_norm=args.max_grad_norm,
        policy_kwargs={"net_arch": [args.width] * args.layers},
        seed=seed,
        device="cpu",
    )
    model.learn(args.steps, callback=Episodes())
    envs.close()
    return _means(sums, counts)


def overlaps(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Where the ranges of two sets of curves, (seeds, POINTS) each, have something in common."""
    lows = np.maximum(np.nanmin(left, 0), np.nanmin(right, 0))
    highs = np.minimum(np.nanmax(left, 0), np.nanmax(right, 0))
    inside: np.ndarray = lows <= highs
    return inside


def _means(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def plot(curves: dict[str, np.ndarray], steps: int, path: Path) -> None:
    """One line a seed, in a colour an implementation."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    ends = (np.arange(POINTS) + 1) * steps / POINTS
    for (name, lines), colour in zip(curves.items(), ("#1f77b4", "#d95f02"), strict=True):
        for number, line in enumerate(lines):
            axes.plot(ends, line, color=colour, alpha=0.7, label=name if number == 0 else None)
    axes.set(xlabel="environment steps", ylabel="mean return of episodes")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main(options: Options) -> int:
    """Run both; 1 if the curves' ranges do not overlap at some place."""
    settings: dict[str, Any] = {**registry.get("pong").training, "steps": options.steps}
    args = Args(env="pong", backend="rust", num_seeds=options.seeds, **settings)
    begin = time.perf_counter()
    curves = {"samestep": ours(args)}
    print(f"samestep: {options.seeds} seeds in {time.perf_counter() - begin:.0f} s", flush=True)
    lines = []
    for seed in range(options.seeds):
        begin = time.perf_counter()
        lines.append(theirs(args, seed))
        took = time.perf_counter() - begin
        print(
            f"stable-baselines3: seed {seed} in {took:.0f} s, ends at {lines[-1][-1]:.1f}",
            flush=True,
        )
    curves["stable-baselines3"] = np.array(lines)
    inside = overlaps(*curves.values())
    for place in range(POINTS):
        cells = [
            f"{name} {np.nanmean(each[:, place]):6.1f} "
            f"({np.nanmin(each[:, place]):.1f} to {np.nanmax(each[:, place]):.1f})"
            for name, each in curves.items()
        ]
        mark = "overlap" if inside[place] else "APART"
        print(f"{(place + 1) * options.steps // POINTS:>9,} steps: {'; '.join(cells)}: {mark}")
    print(f"the seeds' ranges overlap at {inside.sum()} of {POINTS} places")
    if options.publish:
        folder = results_dir() / "published"
        record = {
            "args": dataclasses.asdict(args),
            "steps": [(place + 1) * options.steps // POINTS for place in range(POINTS)],
            "curves": {name: np.round(each, 3).tolist() for name, each in curves.items()},
            "overlap": inside.tolist(),
            **origin(),
        }
        (folder / "ppo-against-sb3.json").write_text(json.dumps(record, indent=1) + "\n")
        plot(curves, options.steps, folder / "ppo-against-sb3.svg")
        print(f"published {folder / 'ppo-against-sb3.json'}")
    return int(not inside.all())


if __name__ == "__main__":
    try:
        sys.exit(main(tyro.cli(Options, prog="ppo.against_sb3")))
    except UserError as error:
        print(f"ppo.against_sb3: {error}", file=sys.stderr)
        sys.exit(2)
