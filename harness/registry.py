"""Every environment and what it has: the one place that lists them.

`make new ENV=name` adds an entry here. Tests register throw-away environments with `register`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.errors import UserError
from references.contract import EnvSpec, Reference


@dataclass(frozen=True)
class Variant:
    """Parameters under which an environment is verified and benched, by a short name."""

    name: str
    params: dict[str, Any]
    traced: bool = True
    """Whether the Rust crate replays a trace of it; see harness/verifying/traces.py."""
    share: float = 1.0
    """Of the episodes that level 3 is asked for, how many it plays."""


@dataclass(frozen=True)
class Entry:
    """One environment. `reference` is "module:Class"; implementations are found by name."""

    name: str
    reference: str
    backends: tuple[str, ...] = ("rust", "jax", "rust-ffi")
    baselines: tuple[str, ...] = ()
    levels: tuple[int, ...] = (1, 2, 3)
    variants: tuple[Variant, ...] = (Variant("default", {}),)
    """The first is what bench and verify take unless told."""
    bench_variants: tuple[str, ...] = ("default",)
    bench_batches: tuple[int, ...] = (4096, 16384)
    obs_optional: bool = False
    """Whether Rust's `step_into` takes None for `obs`, which is then measured too."""
    bench_notes: Mapping[str, str] = field(default_factory=dict)
    """By implementation: what a reader of its rows in the bench's table must know."""
    frames: str = ""
    """"module:function" that tells the frames of a step from the checked parameters; without it,
    the parameter `frame_skip` does."""
    tests: str = ""
    """Folder with the environment's own L1 and L2 tests."""
    oracle: str = ""
    """Module that runs the upstream engine beside the reference, where there is one."""
    comparator: str = ""
    """"module:function" that makes the Comparator from the spec; without it, bit for bit."""
    mode: Literal["rollout", "one-step"] = "rollout"
    """Level 3: free runs, or single steps that each begin in the reference's exported state."""
    states: str = ""
    """"module:function" that gives further packed rows to take one step from, for (params, seed):
    what rollouts hardly ever reach."""
    habits: str = ""
    """"module:function" by which some lanes of level 3's rollouts choose, where random actions
    reach too little: (params, seed) gives choose(step, env_index, obs, legal, chosen), which takes
    the random actions and returns those to take."""
    measure: str = ""
    """"module:NAME" of the Measure that level 3 holds an inexact environment to: errors of single
    steps from injected states, and how long free runs last. Without it, level 3 is rollouts."""
    bench_states: str = ""
    """"module:function" that moves packed rows close to an episode's end, for the bench's check."""
    jax_module: str = ""
    """Module of the pure JAX rules where it is not samestep_jax.NAME."""
    training: Mapping[str, Any] = field(default_factory=dict)
    """What `ppo.ppo.Args` has for this environment other than its own defaults."""
    score: str = ""
    """"module:function" from rewards of single steps (K,) to what people quote of an episode, as
    the sum of it; where it is not the return itself."""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def spec(self) -> EnvSpec:
        """The environment's numbers and layouts."""
        module = importlib.import_module(self.reference.split(":")[0])
        spec: EnvSpec = module.SPEC
        return spec

    def make_reference(self, **params: Any) -> Reference:
        """One reference instance (without `max_episode_steps`, which the batch driver takes)."""
        module, name = self.reference.split(":")
        reference: Reference = getattr(importlib.import_module(module), name)(**params)
        return reference

    def variant(self, name: str) -> Variant:
        """The variant of that name.

        Raises:
            UserError: if there is none.
        """
        for variant in self.variants:
            if variant.name == name:
                return variant
        accepted = ", ".join(variant.name for variant in self.variants)
        raise UserError(f"{self.name} has no variant {name!r}; accepted: {accepted}")


_ENTRIES: dict[str, Entry] = {}


def register(entry: Entry) -> None:
    """Add an environment (tests use this too)."""
    _ENTRIES[entry.name] = entry


def names() -> list[str]:
    """All registered environments, in order."""
    return list(_ENTRIES)


def get(name: str) -> Entry:
    """The entry of that name.

    Raises:
        UserError: if there is none.
    """
    if name not in _ENTRIES:
        raise UserError(f"unknown ENV {name!r}; accepted: {', '.join(_ENTRIES)}")
    return _ENTRIES[name]


register(
    Entry(
        name="pong",
        reference="references.pong:Pong",
        baselines=("puffer",),
        variants=(
            Variant("default", {}),
            Variant("skip8", {"frame_skip": 8}),
            Variant("skip64", {"frame_skip": 64}, traced=False),
            Variant("continuous", {"continuous": True}),
            Variant("continuous-skip3", {"continuous": True, "frame_skip": 3}),
            Variant("limit", {"frame_skip": 8, "max_episode_steps": 100}),
        ),
        bench_variants=("skip8", "default"),
        tests="tests/pong",
        oracle="harness.oracles.pong",
        bench_states="references.pong.scenes:near_end",
        training={"params": {"frame_skip": 8}, "steps": 1_500_000},
        score="ppo.scores:pong_points",
    )
)

register(
    Entry(
        name="halfcheetah",
        reference="references.halfcheetah:HalfCheetah",
        baselines=(
            "gymnasium",
            "mujoco-rollout",
            "envpool",
            "mjx",
            "brax-generalized",
            "brax-spring",
        ),
        variants=(
            Variant("default", {}),
            Variant("double", {"double_precision": True}),
        ),
        bench_batches=(256, 4096),
        bench_notes=dict.fromkeys(("rust", "rust-ffi", "jax"), "computes in f64"),
        tests="tests/halfcheetah",
        oracle="harness.oracles.halfcheetah",
        comparator="harness.measures.halfcheetah:comparator",
        mode="one-step",
        measure="harness.measures.halfcheetah:MEASURE",
        # Short horizons and little noise at first: the gait is found within a few episodes' worth.
        training={
            "steps": 5_000_000,
            "num_envs": 128,
            "num_minibatches": 16,
            "gamma": 0.98,
            "gae_lambda": 0.92,
            "log_std": -1.0,
        },
    )
)

register(
    Entry(
        name="pokemon",
        reference="references.pokemon:Pokemon",
        baselines=("showdown", "showdown-python", "poke-env"),
        variants=(
            # The crate replays battles of its own choice instead of traces: tests/battles.
            Variant("default", {}, traced=False, share=0.5),
            Variant("ou", {"format": 1}, traced=False, share=0.25),
            Variant("coverage", {"format": 2}, traced=False, share=0.25),
            Variant(
                "solo",
                {"format": 1, "opponent": 2, "faint_reward": 0.25, "max_episode_steps": 100},
                traced=False,
                share=0.02,
            ),
            Variant("heuristics", {"opponent": 3}, traced=False, share=0.02),
            Variant(
                "full",
                {"format": 1, "opponent": 1, "full_information": True},
                traced=False,
                share=0.02,
            ),
        ),
        bench_variants=("default", "ou"),
        bench_batches=(1024, 4096),
        obs_optional=True,
        tests="tests/pokemon",
        habits="references.pokemon.habits:make",
        training={
            "params": {"opponent": 2},
            "encoder": "samestep_jax.features.pokemon:encode",
            "normalize_reward": False,
            "steps": 10_000_000,
            "num_steps": 64,
            "update_epochs": 2,
            "num_minibatches": 8,
            "learning_rate": 1e-3,
            "gamma": 0.995,
            "ent_coef": 0.01,
            "width": 128,
            "shared": True,
        },
        score="ppo.scores:battles_won",
    )
)

register(
    Entry(
        name="gameboy",
        reference="references.gameboy:GameBoy",
        backends=("rust", "rust-ffi"),
        variants=(
            # The crate replays traces of its own, of the machine alone: tests/replays.
            Variant("default", {}, traced=False, share=0.1),
            Variant("half", {"observation": 1, "frame_skip": 3}, traced=False, share=0.02),
            Variant("packed", {"observation": 2, "frame_skip": 2}, traced=False, share=0.02),
            Variant("tiles", {"observation": 3, "frame_skip": 12}, traced=False, share=0.02),
            Variant("features", {"observation": 4, "frame_skip": 1}, traced=False, share=0.02),
        ),
        baselines=("pyboy", "pyboy-threads"),
        frames="references.gameboy.definition:frames_of",
        bench_variants=("default", "tiles"),
        bench_batches=(64, 128),
        tests="tests/gameboy",
    )
)
