"""Names, sizes and parameters that no environment can be made of."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.bad_input.refusing import assert_refused

samestep_rust = pytest.importorskip("samestep_rust")

NAMES = ", ".join(samestep_rust.env_names())
FRAME_SKIP = "accepted: an integer from 1 to 1024"
NUM_ENVS = "accepted: an integer from 1"

CASES: list[tuple[type[Exception], str, dict[str, Any]]] = [
    (ValueError, f"unknown environment 'pnog'; accepted: {NAMES}", {"name": "pnog"}),
    (ValueError, f"unknown environment ''; accepted: {NAMES}", {"name": ""}),
    (ValueError, f"num_envs is 0; {NUM_ENVS} to 16777216", {"num_envs": 0}),
    (ValueError, f"num_envs is -1; {NUM_ENVS}", {"num_envs": -1}),
    (ValueError, f"num_envs is 2.5; {NUM_ENVS}", {"num_envs": 2.5}),
    (ValueError, f"num_envs is None; {NUM_ENVS}", {"num_envs": None}),
    (
        ValueError,
        f"num_envs is 1099511627776; {NUM_ENVS} to 16777216",
        {"num_envs": 1 << 40},
    ),
    (ValueError, f"num_envs is 1180591620717411303424; {NUM_ENVS}", {"num_envs": 1 << 70}),
    (ValueError, "threads is 0; accepted: an integer from 1 to 1024", {"threads": 0}),
    (ValueError, "threads is -3; accepted: an integer from 1", {"threads": -3}),
    (ValueError, "threads is 5000; accepted: an integer from 1 to 1024", {"threads": 5000}),
    (
        ValueError,
        "pong has no parameter 'frameskip'; accepted: continuous, frame_skip, max_episode_steps",
        {"frameskip": 8},
    ),
    (ValueError, f"frame_skip is 0; {FRAME_SKIP}", {"frame_skip": 0}),
    (ValueError, f"frame_skip is 1025; {FRAME_SKIP}", {"frame_skip": 1025}),
    (ValueError, f"frame_skip is 2.0; {FRAME_SKIP}", {"frame_skip": 2.0}),
    (ValueError, f"frame_skip is NaN; {FRAME_SKIP}", {"frame_skip": float("nan")}),
    (ValueError, f"frame_skip is True; {FRAME_SKIP}", {"frame_skip": True}),
    (
        ValueError,
        f"frame_skip is -{10**30}; accepted: integers of at most 64 bits",
        {"frame_skip": -(10**30)},
    ),
    (ValueError, f"frame_skip is 2.0; {FRAME_SKIP}", {"frame_skip": np.float32(2)}),
    (ValueError, "continuous is 1; accepted: True or False", {"continuous": np.int64(1)}),
    (
        ValueError,
        "first_index is -1; accepted: an integer from 0 to 4294967292",
        {"first_index": -1},
    ),
    (
        ValueError,
        "first_index is 4294967293; accepted: an integer from 0 to 4294967292",
        {"first_index": 2**32 - 3},
    ),
    (ValueError, f"frame_skip is '8'; {FRAME_SKIP}", {"frame_skip": "8"}),
    (
        TypeError,
        "frame_skip is None; accepted: a number, a truth value or a string",
        {"frame_skip": None},
    ),
    (ValueError, "continuous is 1; accepted: True or False", {"continuous": 1}),
    (
        ValueError,
        "max_episode_steps is -1; accepted: an integer from 0 to 2147483647",
        {"max_episode_steps": -1},
    ),
    (
        ValueError,
        "max_episode_steps is 2147483648; accepted: an integer from 0 to 2147483647",
        {"max_episode_steps": 1 << 31},
    ),
    (
        ValueError,
        "render_mode is 'human'; accepted: None, 'rgb_array'",
        {"render_mode": "human"},
    ),
]


@pytest.mark.parametrize(("kind", "message", "arguments"), CASES, ids=[c[1][:40] for c in CASES])
def test_make_vec(kind: type[Exception], message: str, arguments: dict[str, Any]) -> None:
    given = {"name": "pong", "num_envs": 4, **arguments}
    assert_refused(lambda: samestep_rust.make_vec(**given), kind, message)


def test_an_unknown_instruction_set() -> None:
    accepted = ", ".join(samestep_rust.available_isas())
    assert_refused(
        lambda: samestep_rust.Batch("pong", 4, 1, {}, isa="mmx"),
        ValueError,
        f"isa is 'mmx'; accepted on this processor: {accepted}",
    )


def test_two_players_are_not_gymnasiums() -> None:
    if "duel" not in samestep_rust.env_names():
        pytest.skip("samestep_rust was built without the test environments; `make setup` has them")
    assert_refused(
        lambda: samestep_rust.make_vec("duel", 4),
        ValueError,
        "duel has 2 players; accepted by make_vec: one; samestep_rust.Batch steps any number",
    )


def test_an_optional_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a user without Stable-Baselines3 sees; the other adapters' packages likewise."""
    monkeypatch.delitem(sys.modules, "samestep_rust.sb3", raising=False)
    for name in [name for name in sys.modules if name.split(".")[0] == "stable_baselines3"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "stable_baselines3.common.vec_env", None)
    monkeypatch.setitem(sys.modules, "stable_baselines3.common", ModuleType("common"))
    monkeypatch.setitem(sys.modules, "stable_baselines3", ModuleType("stable_baselines3"))
    with pytest.raises(ImportError) as caught:
        importlib.import_module("samestep_rust.sb3")
    assert str(caught.value) == (
        "samestep_rust.sb3 needs stable-baselines3 (import of stable_baselines3.common.vec_env "
        "halted; None in sys.modules); accepted: pip install 'samestep-rust[sb3]'"
    )
    assert caught.value.name == "stable_baselines3"


def test_jax_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "samestep_rust.ffi", raising=False)
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(ImportError) as caught:
        importlib.import_module("samestep_rust.ffi")
    assert str(caught.value) == (
        "samestep_rust.ffi needs JAX (import of jax halted; None in sys.modules); "
        "accepted: pip install 'samestep-rust[jax]'"
    )
    assert caught.value.name == "jax"
