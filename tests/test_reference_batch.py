"""The batch driver over a reference that does many instances' work in one go, and `under`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from references.batch import ReferenceBatch
from references.contract import HEADER_BYTES, ManyReference, Param, Step
from references.pong import Pong
from references.pong.spec import SPEC


class ManyPong(Pong):
    """Pong with the calls for many, counted."""

    def __init__(self) -> None:
        super().__init__(frame_skip=8)
        self.calls = 0

    def step_many(self, states: Sequence[Any], actions: np.ndarray) -> list[tuple[Any, Step]]:
        self.calls += 1
        return [self.step(state, action) for state, action in zip(states, actions, strict=True)]

    def export_many(self, states: Sequence[Any]) -> np.ndarray:
        self.calls += 1
        rows = np.zeros(len(states), self.spec.row_dtype)
        for row, state in zip(rows, states, strict=True):
            for name, value in self.export_fields(state).items():
                row[name] = value
        return rows.view(np.uint8).reshape(len(states), -1)[:, HEADER_BYTES:]


def test_many_is_the_same_as_one_by_one() -> None:
    many, single = ManyPong(), Pong(frame_skip=8)
    assert isinstance(many, ManyReference) and not isinstance(single, ManyReference)
    batches = [ReferenceBatch(reference, 5, 20) for reference in (many, single)]
    observations = [batch.reset(3) for batch in batches]
    assert (observations[0] == observations[1]).all()
    rng = np.random.default_rng(0)
    for _ in range(30):
        actions = rng.integers(0, 3, 5).astype(np.int32)
        one, other = (batch.step(actions) for batch in batches)
        for got, expected in zip(one, other, strict=True):
            assert (got is None) == (expected is None)
            assert got is None or np.array_equal(got, np.asarray(expected))
        assert (batches[0].export_state() == batches[1].export_state()).all()
    assert many.calls == 60


def test_players_under_parameters() -> None:
    spec = replace(
        SPEC,
        num_players=2,
        params={"opponent": Param(0, 0, 2)},
        players_under=lambda params: 1 if params["opponent"] else 2,
    )
    assert spec.under({}).num_players == 2
    assert spec.under({"opponent": 1}).num_players == 1
    assert spec.under({"opponent": 1}) is spec.under({"opponent": 1})
    with pytest.raises(ValueError, match="opponent is 3; accepted: an integer from 0 to 2"):
        spec.under({"opponent": 3})
