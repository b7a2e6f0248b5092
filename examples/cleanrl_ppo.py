"""CleanRL's own ppo.py, unchanged, over an environment in Rust.

    pip install --no-deps --ignore-requires-python cleanrl==1.2.0
    python examples/cleanrl_ppo.py --env pong --steps 500000
    python examples/cleanrl_ppo.py --env halfcheetah --num-envs 16 --num-steps 128

Runs the script of the installed package, `ppo` for discrete actions and `ppo_continuous_action`
for continuous ones, and gives it a batch where it constructs `gym.vector.SyncVectorEnv`. Further
options are passed on to it: `--learning-rate 1e-3`. Needs torch, tensorboard and tyro.
See docs/trainers.md.
"""

from __future__ import annotations

import runpy
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any
from unittest import mock

import gymnasium
import numpy as np
import torch
import tyro
from gymnasium.wrappers import vector as wrappers

import samestep_rust

VERSION = "1.2.0"
PARAMS: dict[str, dict[str, int]] = {"pong": {"frame_skip": 8}}
"""What make_vec is given beside the name."""


@dataclass(frozen=True)
class Args:
    env: str = "pong"
    """One of samestep_rust.env_names()."""
    steps: int = 500_000
    """Environment steps of training."""
    seed: int = 1
    num_envs: int = 128
    num_steps: int = 32
    """Steps of every environment between two updates."""
    learning_rate: float = 2e-3


class Recorded(wrappers.RecordEpisodeStatistics):
    """Episode returns, as infos (None where no episode ended) in the manner of Gymnasium 0.x.

    Attributes:
        steps: environment steps taken.
        finished: the returns of all episodes, in order.
    """

    def __init__(self, envs: gymnasium.vector.VectorEnv[Any, Any, Any], seed: int) -> None:
        super().__init__(envs)
        self.first_seed = seed
        self.steps = 0
        self.finished: list[float] = []

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Start; a script that gives no seed here has given it to `make_env`."""
        return super().reset(seed=self.first_seed if seed is None else seed, options=options)

    def step(self, actions: Any) -> Any:
        *returned, infos = super().step(actions)
        self.steps += self.num_envs
        if "episode" in infos:
            ended, episode = infos["_episode"], infos["episode"]
            self.finished += episode["r"][ended].tolist()
            infos["final_info"] = [
                {"episode": {"r": r, "l": length}} if over else None
                for over, r, length in zip(ended, episode["r"], episode["l"], strict=True)
            ]
        return (*returned, infos)


class Gym23:
    """A vector environment in gym 0.23's manner, which CleanRL's ppo.py is written for."""

    def __init__(self, envs: Recorded) -> None:
        self.envs = envs
        self.single_observation_space = envs.single_observation_space
        self.single_action_space = envs.single_action_space

    def reset(self) -> Any:
        return self.envs.reset()[0]

    def step(self, actions: Any) -> tuple[Any, ...]:
        obs, reward, terminated, truncated, infos = self.envs.step(actions)
        per_env = infos.get("final_info", ())
        return obs, reward, terminated | truncated, [info or {} for info in per_env]

    def close(self) -> None:
        self.envs.close()


def construct(args: Args, record: list[Recorded]) -> Callable[[Sequence[Any]], Any]:
    """What takes the place of gym.vector.SyncVectorEnv: the list of functions is not called."""

    def make(thunks: Sequence[Any]) -> Any:
        params: dict[str, Any] = dict(PARAMS.get(args.env, {}))
        envs = Recorded(samestep_rust.make_vec(args.env, len(thunks), **params), args.seed)
        record.append(envs)
        if isinstance(envs.single_action_space, gymnasium.spaces.Discrete):
            return Gym23(envs)
        # The script's make_env normalises observations and rewards, too; Gymnasium's vector
        # wrappers for that refuse environments that restart within the step.
        return wrappers.ClipAction(envs)

    return make


def main(args: Args, further: Sequence[str] = ()) -> Recorded:
    """Run CleanRL's script; what its environment recorded.

    Raises:
        ValueError: without this version of CleanRL, or for an unknown environment.
    """
    try:
        found = metadata.version("cleanrl")
    except metadata.PackageNotFoundError:
        found = "not installed"
    if found != VERSION:
        raise ValueError(
            f"cleanrl is {found}; accepted: "
            f"pip install --no-deps --ignore-requires-python cleanrl=={VERSION}"
        )
    space = samestep_rust.make_vec(args.env).single_action_space
    discrete = isinstance(space, gymnasium.spaces.Discrete)
    script = "cleanrl.ppo" if discrete else "cleanrl.ppo_continuous_action"
    options = {
        "env-id": args.env,
        "total-timesteps": args.steps,
        "seed": args.seed,
        "num-envs": args.num_envs,
        "num-steps": args.num_steps,
        "learning-rate": args.learning_rate,
    }
    line = [script, *(f"--{name}={value}" for name, value in options.items()), *further]
    torch.set_num_threads(1)  # so small a network is not faster on more
    # ppo.py says `import gym`; all it takes from there is SyncVectorEnv and the spaces.
    sys.modules["gym"] = gymnasium
    record: list[Recorded] = []
    begin = time.monotonic()
    with (
        mock.patch.object(sys, "argv", line),
        mock.patch.object(gymnasium.vector, "SyncVectorEnv", construct(args, record)),
    ):
        runpy.run_module(script, run_name="__main__")
    (envs,) = record
    tenth = max(1, len(envs.finished) // 10)
    first, last = envs.finished[:tenth], envs.finished[-tenth:]
    print(
        f"done: {args.env}, {script} {VERSION}, {envs.steps:,} steps in "
        f"{time.monotonic() - begin:.1f} s, {len(envs.finished)} episodes; mean return "
        f"{np.mean(first or np.nan):.2f} of the first tenth, {np.mean(last or np.nan):.2f} "
        "of the last"
    )
    return envs


if __name__ == "__main__":
    try:
        main(*tyro.cli(Args, description=__doc__, return_unknown_args=True))
    except ValueError as error:
        print(f"cleanrl_ppo: {error}", file=sys.stderr)
        sys.exit(2)
