"""Bad input: one line that says what was wrong and what is accepted, and nothing is lost."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

ffi = pytest.importorskip("samestep_rust.ffi", exc_type=ImportError)
import jax  # noqa: E402

N = 17
DISCRETE = re.escape("action 3 is 7; accepted: integers from 0 to 2")


@pytest.fixture(scope="module")
def env() -> Any:
    return ffi.make("pong")


@pytest.fixture
def state(env: Any) -> Any:
    return ffi.reset_batch(env, 0, N)[0]


def actions(**changes: int) -> np.ndarray:
    array = np.zeros(N, np.int32)
    for place, value in changes.items():
        array[int(place[1:])] = value
    return array


@pytest.mark.parametrize("compiled", [False, True])
def test_an_action_out_of_range(env: Any, state: Any, compiled: bool) -> None:
    step = jax.jit(ffi.step_batch, static_argnums=0) if compiled else ffi.step_batch
    before = np.array(state.saved)
    with pytest.raises(jax.errors.JaxRuntimeError, match=DISCRETE):
        jax.block_until_ready(step(env, state, actions(_3=7)))
    np.testing.assert_array_equal(np.asarray(state.saved), before)
    _, out = step(env, state, actions())
    assert np.isfinite(out.obs).all()


def test_in_a_scan(env: Any, state: Any) -> None:
    roll = jax.jit(
        lambda state, actions: jax.lax.scan(
            lambda state, action: ffi.step_batch(env, state, action), state, actions
        )
    )
    with pytest.raises(jax.errors.JaxRuntimeError, match=DISCRETE):
        jax.block_until_ready(roll(state, np.stack([actions(), actions(_3=7)])))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1.5, -1.0001])
def test_a_continuous_action(bad: float) -> None:
    env = ffi.make("pong", continuous=True)
    state, _ = ffi.reset_batch(env, 0, N)
    array = np.zeros((N, 1), np.float32)
    array[16] = bad
    with pytest.raises(
        jax.errors.JaxRuntimeError, match=r"action 16 is \S+; accepted: numbers from -1\.0 to 1\.0"
    ):
        jax.block_until_ready(ffi.step_batch(env, state, array))


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (np.zeros(N, np.int64), TypeError, "actions are int64 (17,); accepted: int32 (17,)"),
        (np.zeros(N, np.float32), TypeError, "actions are float32 (17,); accepted: int32 (17,)"),
        (np.zeros(N + 1, np.int32), ValueError, "actions are int32 (18,); accepted: int32 (17,)"),
        (np.zeros((N, 1), np.int32), ValueError, "actions are int32 (17, 1); accepted: int32 (17,"),
        ([0] * N, TypeError, "actions are a list; accepted: int32 (17,)"),
        (1, TypeError, "actions are a int; accepted: int32 (17,)"),
    ],
)
def test_actions_of_another_kind(
    env: Any, state: Any, bad: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        ffi.step_batch(env, state, bad)


@pytest.mark.parametrize("which", ["obs_dtype", "reward_dtype"])
def test_double_precision_without_the_setting(env: Any, state: Any, which: str) -> None:
    double = dataclasses.replace(env, **{which: "float64"})
    message = "pong computes in float64 under these parameters, and JAX would in float32; accepted:"
    with pytest.raises(ValueError, match=re.escape(message)):
        ffi.reset_batch(double, 0, N)
    with pytest.raises(ValueError, match=re.escape(message)):
        ffi.step_batch(double, state, actions())


@pytest.mark.parametrize("use", ["step", "export", "legal", "acting", "import", "reset"])
def test_a_state_that_was_cut_off(env: Any, state: Any, use: str) -> None:
    short = dataclasses.replace(state, saved=state.saved[:16])
    calls = {
        "step": lambda: ffi.step_batch(env, short, actions()),
        "export": lambda: ffi.export_state(env, short),
        "legal": lambda: ffi.legal_batch(env, short),
        "acting": lambda: ffi.acting_batch(env, short),
        "import": lambda: ffi.import_state(env, short, ffi.export_state(env, state)),
        "reset": lambda: ffi.reset_instances(env, short, 0, [0]),
    }
    message = "the state of 17 instances is uint8 (16, 64); pong has uint8 (32, 64)"
    with pytest.raises(ValueError, match=re.escape(message)):
        calls[use]()


def test_a_state_of_something_else(env: Any, state: Any) -> None:
    with pytest.raises(TypeError, match="state is a ArrayImpl; accepted: what reset_batch or"):
        ffi.step_batch(env, state.saved, actions())
    other = dataclasses.replace(state, saved=state.saved.at[16, 0].set(0))
    with pytest.raises(jax.errors.JaxRuntimeError, match="a saved state has another layout; pong"):
        jax.block_until_ready(ffi.step_batch(env, other, actions()))
    with pytest.raises(ValueError, match=r"state row 16 has layout 0x\w+; pong version 1 has"):
        ffi.export_state(env, other)


def test_any_bytes_are_stepped_without_a_crash(env: Any, state: Any) -> None:
    """A state is only bytes: what is no state is refused or goes on, and never panics."""
    rng = np.random.default_rng(0)
    step = jax.jit(ffi.step_batch, static_argnums=0)
    whole = np.array(state.saved)
    for _ in range(50):
        saved = rng.integers(0, 256, whole.shape).astype(np.uint8)
        saved.reshape(-1, 16 * 64)[:, :64] = whole.reshape(-1, 16 * 64)[:, :64]  # the layout
        garbage = dataclasses.replace(state, saved=jax.numpy.asarray(saved))
        for _ in range(3):
            garbage, out = step(env, garbage, actions())
            jax.block_until_ready(out)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.zeros((N, 55), np.uint8), "state rows are uint8 (17, 55); pong takes uint8 (N, 56)"),
        (np.zeros((N, 56), np.int8), "state rows are int8 (17, 56); pong takes uint8 (N, 56)"),
        (np.zeros(56, np.uint8), "state rows are uint8 (56,); pong takes uint8 (N, 56)"),
        (np.zeros((0, 56), np.uint8), "there are 0 state rows; accepted: at least 1"),
        (np.zeros((N, 56), np.uint8), "state row 0 has layout 0x00000000; pong version 1 has"),
        (np.zeros((16, 56), np.uint8), "there are 16 state rows; accepted: 17"),
    ],
)
def test_rows_that_are_refused(env: Any, state: Any, rows: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        ffi.import_state(env, state, rows)


def test_a_row_that_cannot_be(env: Any, state: Any) -> None:
    rows = ffi.export_state(env, state)
    rows[5, 24:28] = np.frombuffer(np.float32(np.nan).tobytes(), np.uint8)
    with pytest.raises(ValueError, match="state row 5: paddle_yl is NaN; it must be finite"):
        ffi.import_state(env, state, rows)


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        ([17], "index 17 is out of range; accepted: 0 to 16"),
        ([-1], "index -1 is out of range; accepted: 0 to 16"),
        ([2, 2], "an index is given twice; accepted: distinct indices"),
        ([0.5], "indices are float64 (1,); accepted: a list of integers"),
    ],
)
def test_indices(env: Any, state: Any, indices: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        ffi.reset_instances(env, state, 0, indices)
    rows = ffi.export_state(env, state)[: len(indices)]
    with pytest.raises(ValueError, match=re.escape(message)):
        ffi.import_state(env, state, rows, indices)


def test_indices_without_a_state(env: Any, state: Any) -> None:
    with pytest.raises(ValueError, match="indices need a batch to restore into"):
        ffi.import_state(env, None, ffi.export_state(env, state), [0])


@pytest.mark.parametrize(
    ("seed", "num_envs", "message"),
    [
        (-1, N, "seed is -1; accepted"),
        (1 << 64, N, "seed is 18446744073709551616; accepted"),
        (np.zeros(3, np.uint32), N, "the root key is uint32 (3,); accepted"),
        (np.zeros(2, np.int32), N, "the root key is int32 (2,); accepted"),
        (0, 0, "num_envs is 0; accepted: an integer from 1"),
        (0, -4, "num_envs is -4; accepted: an integer from 1"),
        (0, 2.0, "num_envs is 2.0; accepted: an integer from 1"),
    ],
)
def test_resets(env: Any, seed: Any, num_envs: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        ffi.reset_batch(env, seed, num_envs)


@pytest.mark.parametrize("first_index", [-1, 1.5, True, (1 << 32) - N + 1])
def test_first_index(env: Any, first_index: Any) -> None:
    message = f"first_index is {first_index!r}; accepted: an integer from 0 to {(1 << 32) - N}"
    with pytest.raises(ValueError, match=re.escape(message)):
        ffi.reset_batch(env, 0, N, first_index)


def test_a_batch_can_be_split(env: Any) -> None:
    rows = np.asarray(ffi.export_state(env, ffi.reset_batch(env, 3, N)[0]))
    later = ffi.reset_batch(env, 3, N - 2, first_index=2)[0]
    np.testing.assert_array_equal(np.asarray(ffi.export_state(env, later)), rows[2:])


def test_environments() -> None:
    with pytest.raises(ValueError, match="unknown environment 'chess'; accepted: pong"):
        ffi.make("chess")
    with pytest.raises(ValueError, match="frame_skip is 0; accepted: an integer from 1 to 1024"):
        ffi.make("pong", frame_skip=0)
    with pytest.raises(ValueError, match="pong has no parameter 'speed'; accepted:"):
        ffi.make("pong", speed=1)


def test_without_jax() -> None:
    """In a process of its own, in which importing JAX fails."""
    code = "import sys; sys.modules['jax'] = None; import samestep_rust; import samestep_rust.ffi"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith("ImportError: samestep_rust.ffi needs JAX (")
    assert last.endswith("accepted: pip install 'samestep-rust[jax]'")


def test_on_another_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    with pytest.raises(RuntimeError, match=r"default device is 'gpu', and Rust steps on the CPU"):
        ffi.make("pong")
    with jax.default_device(jax.devices("cpu")[0]):
        ffi.make("pong")
