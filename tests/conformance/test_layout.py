"""Shapes, dtypes, bounds and masks, as the spec declares them."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.registry import Entry, Variant
from harness.verifying.compare import Snapshot
from references.contract import BoxAction, DiscreteAction, EnvSpec
from tests.conformance.conftest import LIMIT, Make, N, cached_batch
from tests.conformance.play import play, reset, source_of

STEPS = 40


def check(spec: EnvSpec, params: dict[str, Any], snapshot: Snapshot, after_step: bool) -> None:
    players = () if spec.num_players == 1 else (spec.num_players,)
    layout = spec.action(spec.check_params(params))
    assert snapshot.rows.dtype == np.uint8
    assert snapshot.rows.shape == (N, spec.state_bytes)
    assert (spec.unpack(snapshot.rows)["layout"] == spec.layout_id).all()
    observations = [snapshot.obs]
    if after_step:
        assert snapshot.reward is not None and snapshot.reward.dtype == np.dtype(spec.reward_dtype)
        assert snapshot.reward.shape == (N, *players)
        for flag in (snapshot.terminated, snapshot.truncated):
            assert flag is not None and flag.dtype == np.bool_ and flag.shape == (N,)
        assert snapshot.final_obs is not None
        assert snapshot.final_obs.shape == (N, *players, *spec.obs.shape)
        assert snapshot.final_obs.dtype == np.dtype(spec.obs.dtype)
        observations.append(snapshot.final_obs[snapshot.ended])
    for obs in observations:
        assert obs is not None and obs.dtype == np.dtype(spec.obs.dtype)
        assert obs.shape[1:] == (*players, *spec.obs.shape)
        assert ((obs >= spec.obs.low) & (obs <= spec.obs.high)).all()
    if isinstance(layout, DiscreteAction):
        assert snapshot.legal is not None and snapshot.legal.dtype == np.bool_
        assert snapshot.legal.shape == (N, *players, layout.n)
        assert snapshot.legal.any(-1).all(), "a player has no legal action"
    else:
        assert isinstance(layout, BoxAction)
        assert snapshot.legal is None
    if spec.num_players == 1:
        assert snapshot.acting is None
        return
    assert snapshot.acting is not None and snapshot.acting.dtype == np.bool_
    assert snapshot.acting.shape == (N, spec.num_players)
    assert snapshot.acting.any(-1).all(), "nobody acts"
    if snapshot.legal is not None:
        waiting = snapshot.legal[~snapshot.acting]
        assert waiting[:, 0].all() and not waiting[:, 1:].any(), "who waits has action 0 alone"


def test_layout(entry: Entry, make: Make) -> None:
    """Over ends of episodes."""
    params = entry.variants[0].params
    batch = make(max_episode_steps=LIMIT)
    first = reset(batch)
    spec = entry.spec.under(params)
    check(spec, params, first, after_step=False)
    for snapshot in play(batch, source_of(batch, params), STEPS, first):
        check(spec, params, snapshot, after_step=True)


def test_layout_under_parameters(entry: Entry, impl: str, layout: Variant) -> None:
    """Of every kind that the variants' parameters make."""
    params: dict[str, Any] = {**layout.params}
    batch = cached_batch(entry, impl, **params)
    spec = entry.spec.under(params)
    assert batch.spec == spec
    first = reset(batch)
    check(spec, params, first, after_step=False)
    for snapshot in play(batch, source_of(batch, params), 3, first):
        check(spec, params, snapshot, after_step=True)


def test_masks_can_be_asked_for(entry: Entry, make: Make) -> None:
    batch = make(max_episode_steps=LIMIT)
    first = reset(batch)
    after = play(batch, source_of(batch, entry.variants[0].params), 9, first)[-1]
    for asked, given in ((batch.legal(), after.legal), (batch.acting(), after.acting)):
        assert (asked is None) == (given is None)
        if asked is not None:
            np.testing.assert_array_equal(asked, given)
