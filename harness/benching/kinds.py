"""The two kinds of measurement: what each plans, records and shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console

from harness.benching import measure, ppo_plan, ppo_table, table
from harness.benching.measure import Outcome, Say, Timing
from harness.benching.plan import Group
from harness.benching.records import Record, record
from harness.benching.table import Section

SPLIT_LIMIT = 180.0
"""Seconds for a row's split: a rollout, and its environment's steps a few times more."""


def _as_planned(group: Group, sections: list[Section]) -> Group:
    return group


def _as_usual(group: Group, timing: Timing) -> Timing:
    return timing


def _nothing(outcomes: list[Outcome], timing: Timing, say: Say) -> None:
    """All is measured."""


@dataclass(frozen=True)
class Kind:
    """How a kind is measured and told of."""

    name: str
    title: str
    published: str
    """Prefix of its files in results/published."""
    record: Callable[[str, Outcome], Record]
    show: Callable[[Console, str, list[Section]], None]
    markdown: Callable[[str, list[Section], dict[str, object]], str]
    narrowed: Callable[[Group, list[Section]], Group] = _as_planned
    """A group, with the rows that those before have left worth measuring."""
    timing: Callable[[Group, Timing], Timing] = _as_usual
    """For a group, from the usual one."""
    after: Callable[[list[Outcome], Timing, Say], None] = _nothing
    """What is asked of the rows once all rounds are over."""


def _ask_splits(outcomes: list[Outcome], timing: Timing, say: Say) -> None:
    """Of one row after the other."""
    say("splitting the time")
    for outcome in outcomes:
        if outcome.rates:
            measure.ask_split(outcome, SPLIT_LIMIT + timing.grace)


def _record_ppo(env: str, outcome: Outcome) -> Record:
    assert outcome.ready is not None
    training = outcome.ready.training or {}
    own = {"split": ppo_table.shares(outcome), "training": training}
    return {**record(env, "ppo", outcome), "parameters": training["parameters"], **own}


def _record_random(env: str, outcome: Outcome) -> Record:
    return record(env, "random", outcome)


KINDS = {
    "random": Kind(
        "random",
        "random actions",
        "bench",
        _record_random,
        table.show,
        table.markdown,
    ),
    "ppo": Kind(
        "ppo",
        "PPO",
        "bench-ppo",
        _record_ppo,
        ppo_table.show,
        ppo_table.markdown,
        ppo_plan.narrowed,
        ppo_plan.timing,
        _ask_splits,
    ),
}
"""By the name that KIND takes."""
