"""Autoreset, final observations, flags, counters and the time limit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.registry import Entry
from harness.verifying.compare import Snapshot
from references.threefry import env_key, root_key
from tests.conformance.conftest import LIMIT, Make, N, cached_batch
from tests.conformance.play import assert_alike, field, imported, play, reset, source_of

SEED = 3


def test_time_limit_counters_and_flags(entry: Entry, make: Make) -> None:
    batch = make(max_episode_steps=LIMIT)
    now = reset(batch, SEED)
    assert not field(batch, now.rows, "t").any()
    assert not field(batch, now.rows, "episode").any()
    assert field(batch, now.rows, "env_index").tolist() == list(range(N))
    t, episode = np.zeros(N, int), np.zeros(N, int)
    for after in play(batch, source_of(batch, entry.variants[0].params), 4 * LIMIT, now):
        assert after.terminated is not None and after.truncated is not None
        assert not (after.terminated & after.truncated).any(), "both flags at once"
        t += 1
        np.testing.assert_array_equal(after.ended[t == LIMIT], True)
        t[after.ended], episode[after.ended] = 0, episode[after.ended] + 1
        np.testing.assert_array_equal(field(batch, after.rows, "t"), t)
        np.testing.assert_array_equal(field(batch, after.rows, "episode"), episode)
        assert field(batch, after.rows, "env_index").tolist() == list(range(N))
    assert episode.min() >= 4


def test_no_limit_means_none(entry: Entry, make: Make) -> None:
    """With 0, only the rules end an episode: a batch with a limit is ahead of one without."""
    batch = make(max_episode_steps=0)
    now = reset(batch, SEED)
    counts = [
        field(batch, after.rows, "t")
        for after in play(batch, source_of(batch, entry.variants[0].params), LIMIT + 1, now)
    ]
    assert counts[-1].max() == LIMIT + 1


def test_observations_where_an_episode_ends(entry: Entry, make: Make) -> None:
    """final_obs is what a batch without the limit observes; obs is what a reset gives."""
    params = entry.variants[0].params
    cut, free = make(max_episode_steps=LIMIT), make(max_episode_steps=0)
    reference: Any = cached_batch(entry, "reference", max_episode_steps=LIMIT)
    source = source_of(cut, params)
    before = play(cut, source, LIMIT - 1, reset(cut, SEED))[-1]
    (cut_last,) = play(cut, source, 1, before, first=LIMIT - 1)
    (free_last,) = play(free, source, 1, imported(free, before.rows), first=LIMIT - 1)
    assert free_last.terminated is not None and cut_last.truncated is not None
    once = field(cut, cut_last.rows, "episode") == 1
    checked = once & cut_last.truncated & ~free_last.ended
    assert checked.any()
    assert cut_last.final_obs is not None and free_last.obs is not None
    assert cut_last.obs is not None
    rows = cut_last.rows
    left, right = cut_last.final_obs[checked], free_last.obs[checked]
    assert_alike(
        entry,
        Snapshot(rows[checked], None, None, left),
        Snapshot(rows[checked], None, None, right),
        "final_obs",
    )
    firsts = [
        reference.reference.reset(env_key(root_key(SEED), int(lane), 1))[1]
        for lane in np.flatnonzero(once)
    ]
    got = Snapshot(rows[once], None, None, cut_last.obs[once])
    assert_alike(entry, Snapshot(rows[once], None, None, np.stack(firsts)), got, "obs")


def test_a_reset_starts_episode_0_again(entry: Entry, make: Make) -> None:
    batch = make(max_episode_steps=LIMIT)
    first = reset(batch, SEED)
    play(batch, source_of(batch, entry.variants[0].params), 3 * LIMIT, first)
    again = reset(batch, SEED)
    assert again.rows.tobytes() == first.rows.tobytes()


def test_partial_reset(entry: Entry, make: Make) -> None:
    batch = make(max_episode_steps=0)
    params = entry.variants[0].params
    fresh = reset(batch, 9)
    now = play(batch, source_of(batch, params), 5, reset(batch, SEED))[-1]
    chosen = [4, 1]
    obs = np.array(batch.reset(9, chosen))
    rows = np.array(batch.export_state())
    others = [i for i in range(N) if i not in chosen]
    assert fresh.obs is not None
    np.testing.assert_array_equal(obs[chosen], fresh.obs[chosen])
    np.testing.assert_array_equal(rows[chosen], fresh.rows[chosen])
    np.testing.assert_array_equal(rows[others], now.rows[others])


@pytest.mark.parametrize("indices", [[N], [-1], [0, 99]])
def test_refused_indices_change_nothing(entry: Entry, make: Make, indices: list[int]) -> None:
    batch = make(max_episode_steps=0)
    before = reset(batch, SEED).rows
    with pytest.raises(ValueError) as error:
        batch.reset(9, indices)
    assert "\n" not in str(error.value)
    assert np.array(batch.export_state()).tobytes() == before.tobytes()
