"""L2: what a step of JAX's environment makes of the battle before and after a commit."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import samestep_jax
from references.contract import HEADER_BYTES
from references.pokemon import SPEC
from samestep_jax.core.types import Step
from samestep_jax.pokemon import PokemonState, turn
from tests.pokemon import recorded
from tests.pokemon.crafted import edited

pytestmark = pytest.mark.l2

P1, P2, TIE = 1, 2, 3

# HP after the commit, the winner, and what player 1 gets with a quarter for every fainted Pokemon.
# All have 100 HP before it but the second player's last, which had fainted.
COMMITS: dict[str, tuple[list[list[int]], int, float]] = {
    "nothing happens": ([[100] * 6, [100] * 5 + [0]], 0, 0.0),
    "one of the second player's faints": ([[100] * 6, [0] + [100] * 4 + [0]], 0, 0.25),
    "one of the first player's faints": ([[1] * 5 + [0], [100] * 5 + [0]], 0, -0.25),
    "one of each faints": ([[0] + [100] * 5, [0] + [1] * 4 + [0]], 0, 0.0),
    "the first player wins": ([[100] * 6, [0] * 6], P1, 1.0 + 5 * 0.25),
    "the second player wins": ([[0] * 6, [100] * 5 + [0]], P2, -1.0 - 6 * 0.25),
    "both lose their last": ([[0] * 6, [0] * 6], TIE, -0.25),
    "a tie of those who stand": ([[100] * 6, [100] * 5 + [0]], TIE, 0.0),
}


def states_of(rows: list[np.ndarray]) -> PokemonState:
    """A batch of states from rows (state_bytes,), before their second step."""
    view = np.stack(rows).view(SPEC.row_dtype)[:, 0]
    words = jnp.ones(len(rows), jnp.uint32)
    fields = {field.name: jnp.asarray(view[field.name]) for field in SPEC.state}
    return PokemonState(key=(words, words), t=words, **fields)


def stepped(monkeypatch: pytest.MonkeyPatch, action: Any, **params: Any) -> Step:
    """A step of every one of COMMITS, with the commit itself as it is told there."""
    battles, _ = recorded.read()
    row = np.concatenate([np.zeros(HEADER_BYTES, np.uint8), battles[0].start])
    before = edited(row, hp=[[100] * 6, [100] * 5 + [0]])
    after = [edited(before, hp=hp, winner=winner) for hp, winner, _ in COMMITS.values()]
    env = samestep_jax.make("pokemon", **params)

    def step(state: PokemonState, made: PokemonState) -> Step:
        monkeypatch.setattr(turn, "commit", lambda state, _: made._replace(t=state.t))
        return env.step(state, jnp.asarray(action))[1]

    return jax.jit(jax.vmap(step))(states_of([before] * len(after)), states_of(after))


def test_both_players_rewards(monkeypatch: pytest.MonkeyPatch) -> None:
    made = stepped(monkeypatch, [6, 6], faint_reward=0.25)
    for reward, (case, (_, _, expected)) in zip(made.reward, COMMITS.items(), strict=True):
        assert reward.tolist() == [expected, -expected], case
        assert not np.signbit(reward[reward == 0]).any(), f"{case}: a zero is positive"
    assert made.reward.dtype == np.float32
    ends = [winner != 0 for _, winner, _ in COMMITS.values()]
    assert made.terminated.tolist() == ends
    assert not made.truncated.any()


def test_the_one_players_reward_without_anything_for_the_fainted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = stepped(monkeypatch, 6, opponent=1, max_episode_steps=2)
    outcomes = {0: 0.0, P1: 1.0, P2: -1.0, TIE: 0.0}
    assert made.reward.tolist() == [outcomes[winner] for _, winner, _ in COMMITS.values()]
    # The second step is the last, but where the battle ends by itself.
    assert made.truncated.tolist() == [winner == 0 for _, winner, _ in COMMITS.values()]
