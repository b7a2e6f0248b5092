"""Training inside one compiled function, and its advantages."""

from __future__ import annotations

import re
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.examples.run import complaint, last_line, start

pytest.importorskip("samestep_jax")
for package in ("flax", "optax"):
    pytest.importorskip(package)
from examples import purejaxrl_style  # noqa: E402


def test_it_learns(tmp_path: Path) -> None:
    done = start("purejaxrl_style", "--steps=500000", "--seeds=1", folder=tmp_path)
    line = last_line(done)
    # 10 stages of 12 updates of 128 environments and 32 steps
    assert "1 seeds, 491,520 steps" in line
    first, last = means(line)
    assert -21 <= first < -15  # hardly better than random play
    assert last > first + 5
    assert len(re.findall(r"^seed 0  steps", done.stdout, re.MULTILINE)) == 10
    assert not list(tmp_path.iterdir())


def means(line: str) -> tuple[float, float]:
    found = re.search(r"return (\S+) in the first stage, (\S+) in the last", line)
    assert found, line
    return float(found[1]), float(found[2])


def test_advantages_end_with_their_episode() -> None:
    """Against the definition: each step's sum of decayed errors up to its episode's end."""
    steps, envs, gamma, gae_lambda = 40, 3, 0.9, 0.8
    random = np.random.default_rng(0)
    reward, value, next_value = random.normal(size=(3, steps, envs)).astype(np.float32)
    terminated = random.random((steps, envs)) < 0.1
    truncated = ~terminated & (random.random((steps, envs)) < 0.1)
    assert terminated.any() and truncated.any()
    found = purejaxrl_style.advantages(
        jnp.asarray(reward),
        jnp.asarray(value),
        jnp.asarray(next_value),
        jnp.asarray(terminated),
        jnp.asarray(truncated),
        gamma,
        gae_lambda,
    )
    for env in range(envs):
        for begin in range(steps):
            expected = 0.0
            for t in range(begin, steps):
                ahead = 0.0 if terminated[t, env] else gamma * next_value[t, env]
                error = reward[t, env] + ahead - value[t, env]
                expected += (gamma * gae_lambda) ** (t - begin) * error
                if terminated[t, env] or truncated[t, env]:
                    break
            assert_allclose(found[begin, env], expected, rtol=1e-4, atol=1e-5)


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    line = complaint(start("purejaxrl_style", "--env=pnog", folder=tmp_path))
    assert re.match("purejaxrl_style: unknown environment 'pnog'; accepted: .*pong", line)


def test_continuous_actions_are_refused() -> None:
    with pytest.raises(ValueError, match="halfcheetah has continuous actions; accepted here:"):
        purejaxrl_style.make_train(purejaxrl_style.Args(env="halfcheetah"))
