"""PufferLib's trainer over an environment in Rust.

    python examples/pufferlib_train.py --env pong --steps 500000

The environment writes into the trainer's own buffers. Needs pufferlib 3.0.0, whose build is in
docs/trainers.md, and tyro.
"""

from __future__ import annotations

import ast
import importlib
import os
import sys
import tempfile
import time
from configparser import ConfigParser
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from types import ModuleType
from typing import Any

import gymnasium
import torch
import tyro

VERSION = "3.0.0"
PARAMS: dict[str, dict[str, int]] = {"pong": {"frame_skip": 8}}
"""What the environment is given beside its name."""


@dataclass(frozen=True)
class Args:
    env: str = "pong"
    """One of samestep_rust.env_names()."""
    steps: int = 500_000
    """Environment steps of training."""
    seed: int = 0
    num_envs: int = 128
    horizon: int = 32
    """Steps of every environment between two updates."""
    learning_rate: float = 2e-3
    data_dir: str = "results/pufferlib"
    """Where the trainer writes its checkpoint."""


def load_pufferlib() -> ModuleType:
    """pufferlib.pufferl, its trainer.

    Raises:
        ValueError: where it is not installed, with what is missing.
    """
    try:
        found = metadata.version("pufferlib")
    except metadata.PackageNotFoundError:
        found = "not installed"
    if found != VERSION:
        raise ValueError(f"pufferlib is {found}; accepted: {VERSION}, built as in docs/trainers.md")
    if util.find_spec("gym") is None:
        sys.modules["gym"] = gymnasium  # it names the old package only to recognise its spaces
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # where it is imported it leaves a link to its resources
        try:
            return importlib.import_module("pufferlib.pufferl")
        except ImportError as error:
            raise ValueError(
                f"pufferlib {VERSION} cannot be imported ({error}); accepted: see docs/trainers.md"
            ) from None
        finally:
            os.chdir(here)


def trainer_config(pufferl: ModuleType, args: Args) -> dict[str, Any]:
    """What the trainer is told: PufferLib's default.ini, but for these."""
    ini = ConfigParser()
    ini.read(Path(str(pufferl.__file__)).parent / "config" / "default.ini")
    config: dict[str, Any] = {}
    for key, text in ini["train"].items():
        try:
            config[key] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            config[key] = text  # a bare word
    batch = args.num_envs * args.horizon
    return config | {
        "env": args.env,
        "device": "cpu",
        "optimizer": "adam",  # the default, muon, needs heavyball
        "use_rnn": False,
        "seed": args.seed,
        "total_timesteps": args.steps,
        "batch_size": batch,
        "bptt_horizon": args.horizon,
        "minibatch_size": batch // 4,
        "update_epochs": 4,
        "learning_rate": args.learning_rate,
        "gamma": 0.99,
        "ent_coef": 0.01,
        "adam_beta1": 0.9,
        "adam_eps": 1e-5,
        "data_dir": args.data_dir,
    }


def main(args: Args) -> list[float]:
    """Train; the mean episode returns that the trainer logged.

    Raises:
        ValueError: without PufferLib, or for an unknown environment.
    """
    pufferl = load_pufferlib()
    import pufferlib.models
    import pufferlib.vector

    from samestep_rust.puffer import Puffer  # a PufferEnv, now that pufferlib is there

    torch.set_num_threads(1)  # so small a network is not faster on more
    torch.manual_seed(args.seed)
    envs = pufferlib.vector.make(
        Puffer,
        env_args=[args.env],
        env_kwargs={"num_envs": args.num_envs, **PARAMS.get(args.env, {})},
        backend="PufferEnv",
    )
    policy = pufferlib.models.Default(envs)
    Path(args.data_dir).mkdir(parents=True, exist_ok=True)
    trainer = pufferl.PuffeRL(trainer_config(pufferl, args), envs, policy)
    begin = time.monotonic()
    returns: list[float] = []
    while trainer.global_step < args.steps:
        trainer.evaluate()
        logs = trainer.train() or {}
        returns += [float(logs[key]) for key in ("environment/episode_return",) if key in logs]
    seconds = time.monotonic() - begin
    trainer.close()
    first, last = (returns[0], returns[-1]) if returns else (float("nan"),) * 2
    print(
        f"done: {args.env}, pufferlib {VERSION}, {trainer.global_step:,} steps in {seconds:.1f} s; "
        f"mean return {first:.2f} at first, {last:.2f} at last"
    )
    return returns


if __name__ == "__main__":
    try:
        main(tyro.cli(Args, description=__doc__))
    except ValueError as error:
        print(f"pufferlib_train: {error}", file=sys.stderr)
        sys.exit(2)
