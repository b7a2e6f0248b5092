"""Stable-Baselines3's PPO over an environment in Rust.

    python examples/sb3_ppo.py --env pong --steps 500000

Only the construction of the environment is not what any Stable-Baselines3 script has. Needs
stable-baselines3 and tyro. See docs/trainers.md.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import tyro
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecEnv, VecMonitor

import samestep_rust
from samestep_rust.sb3 import SB3VecEnv


@dataclass(frozen=True)
class Args:
    env: str = "pong"
    """One of samestep_rust.env_names()."""
    params: dict[str, int] = field(default_factory=dict)
    """The environment's own, as `--params frame_skip 4`; Pong's frame skip is 8 unless given."""
    steps: int = 500_000
    """Environment steps of training."""
    seed: int = 0
    num_envs: int = 128
    num_steps: int = 32
    """Steps of every environment between two updates."""
    learning_rate: float = 2e-3
    eval_episodes: int = 20


def make_env(args: Args, num_envs: int) -> VecEnv:
    """What changes: one batch in the place of DummyVecEnv and its list of functions."""
    params: dict[str, Any] = {"frame_skip": 8} if args.env == "pong" else {}
    params |= args.params
    return VecMonitor(SB3VecEnv(samestep_rust.make_vec(args.env, num_envs, **params)))


def main(args: Args) -> tuple[float, float]:
    """Train; the mean returns of the untrained and of the trained policy."""
    torch.set_num_threads(1)  # so small a network is not faster on more
    envs = make_env(args, args.num_envs)
    model = PPO(
        "MlpPolicy",
        envs,
        n_steps=args.num_steps,
        batch_size=args.num_envs * args.num_steps // 4,
        n_epochs=4,
        gae_lambda=0.9,
        ent_coef=0.01,
        learning_rate=args.learning_rate,
        seed=args.seed,
        device="cpu",
        verbose=1,
    )
    untrained = score(model, args)
    begin = time.monotonic()
    model.learn(args.steps, log_interval=max(1, args.steps // (args.num_envs * args.num_steps * 8)))
    seconds = time.monotonic() - begin
    trained = score(model, args)
    print(
        f"done: {args.env}, {model.num_timesteps:,} steps in {seconds:.1f} s; "
        f"mean return {untrained:.2f} untrained, {trained:.2f} trained"
    )
    return untrained, trained


def score(model: PPO, args: Args) -> float:
    """The mean return of new episodes under the stochastic policy."""
    envs = make_env(args, args.eval_episodes)
    envs.seed(args.seed + 1)
    mean, _ = evaluate_policy(model, envs, args.eval_episodes, deterministic=False)
    envs.close()
    return float(np.mean(mean))


if __name__ == "__main__":
    try:
        main(tyro.cli(Args, description=__doc__))
    except ValueError as error:
        print(f"sb3_ppo: {error}", file=sys.stderr)
        sys.exit(2)
