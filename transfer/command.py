"""`python -m transfer`: score policies that were trained on one implementation on all of them.

Exit status 0 if every pair is equal (exact environments) or equivalent (others), 1 if one is not,
2 for wrong input.
"""

from __future__ import annotations

import importlib.util
import itertools
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from harness import registry
from harness.errors import UserError
from harness.implementations import IMPLEMENTATIONS
from harness.registry import Entry
from harness.verifying.installed import stale
from ppo import runs
from transfer import judging, plot, record, retraining, showing
from transfer.judging import Pair
from transfer.playing import Played, Player, Request, parts_of, players
from transfer.policies import Policy, load, shipped
from transfer.retraining import Plan

REFERENCE = "reference"
EXACT_EPISODES, PAIRED_EPISODES = 100, 1000
"""Of each policy on each implementation, in exact and in other environments."""
RANDOM_EPISODES = 100
DRAWN, GREEDY = "drawn", "greedy"
COMPARED, APART = 0, 1
"""Streams: the episodes that are compared, and those that margin and noise floor come from."""
RETRAINED_SEEDS = 5
MOST = 10_000_000


@dataclass
class Args:
    """Score policies on every implementation. An empty value is the default."""

    env: str = ""
    """Which environment; by default all that have checkpoints here."""
    episodes: str = ""
    """Of each policy on each implementation; by default 100, or 1,000 where returns are tested."""
    seed: str = "0"
    """Of the environments' keys and the policies' noise."""
    backends: str = ""
    """Beside the reference, as in rust,jax; by default all that are installed."""
    actions: str = ""
    """drawn by the policy's probabilities, or greedy: the likeliest; by default drawn where every
    episode must be equal, and greedy elsewhere."""
    checkpoint: str = ""
    """Score these files, as in a.ckpt,b.ckpt, instead of those that come with the repository."""
    retrain: bool = False
    """Train the policies anew, on each backend, and score these."""
    seeds: str = ""
    """With --retrain: so many policies a backend, of which the first is scored on all; by default
    1, or 5 where returns are tested."""
    steps: str = ""
    """With --retrain: steps of each; by default the environment's, a tenth on the reference."""
    publish: bool = False
    """Copy the result to results/published/, and policies made anew to transfer/checkpoints/."""


@dataclass(frozen=True)
class Options:
    """The same for all environments of a run."""

    seed: int
    episodes: int
    """0 for the default."""
    backends: tuple[str, ...]
    actions: str
    """"" for the default."""
    checkpoints: tuple[Path, ...]
    retrain: bool
    seeds: int
    """0 for the default."""
    steps: int
    """0 for the default."""
    publish: bool


def main(arguments: list[str]) -> int:
    """Score, print and record; the exit status."""
    args = tyro.cli(Args, args=arguments, prog="transfer")
    options = _options(args)
    entries = _entries(args.env, options)
    for entry in entries:
        _check(entry, options)
    record.check_writable()
    failed = [entry.name for entry in entries if not transfer(entry, options)]
    return int(bool(failed))


def transfer(entry: Entry, options: Options) -> bool:
    """One environment; whether every pair is equal or equivalent."""
    impls = (REFERENCE, *_backends(entry, options.backends))
    retrained = record.carried(entry.name)
    if options.retrain:
        paths, retrained = _trained(entry, impls, options, retrained)
    else:
        paths = list(options.checkpoints) or shipped(entry.name)
    policies = load(entry.name, paths)
    episodes = options.episodes or _standard(entry)
    parts = max(len(parts_of(each)) for each in _compared(entry, policies, impls, options))
    with players(parts * len(policies)) as play:
        apart, random = _apart(entry, policies, options, play)
        margins = _margins(entry, policies, apart, random)
        requests = _compared(entry, policies, impls, options)
        with showing.progress(f"{entry.name} on {', '.join(impls)}", requests) as done:
            found = play(requests, done)
    pairs: list[Pair] = []
    for policy, on, other in zip(policies, found, apart, strict=True):
        margin = margins[policy.name]
        for a, b in itertools.permutations(impls, 2):
            pairs.append(judging.judged(policy.name, a, b, on[a], on[b], margin))
        floor = (on[REFERENCE], other[REFERENCE])
        pairs.append(judging.noise_floor(policy.name, REFERENCE, *floor, margin))
    told = {
        "env": entry.name,
        "exact": entry.spec.exact,
        "margin": _smallest(margins),
        "margin_share": None if entry.spec.exact else entry.spec.transfer_margin,
        "episodes": episodes,
        "seed": options.seed,
        "actions": GREEDY if _greedy(entry, options) else DRAWN,
        "random": {"mean": float(np.mean([each.returns.mean() for each in random]))},
        "policies": [
            {
                "name": policy.name,
                "trained_on": policy.trained_on,
                "seed": policy.seed,
                "checkpoint": record.shown(policy.path),
                "steps": policy.steps,
                "params": policy.params,
                "margin": margins[policy.name],
            }
            for policy in policies
        ],
        "returns": {
            policy.name: {impl: [float(each) for each in on[impl].returns] for impl in impls}
            for policy, on in zip(policies, found, strict=True)
        },
        "pairs": pairs,
        **retrained,
        **runs.origin(),
    }
    return _deliver(told, paths, options)


def _deliver(told: dict[str, Any], paths: list[Path], options: Options) -> bool:
    """Write, print and publish; whether nothing failed."""
    path = record.write(told)
    picture = plot.draw(told, path.with_suffix(".svg"))
    showing.show(told)
    print(f"written to {path} and {picture.name}")
    failed = [pair for pair in told["pairs"] if pair["verdict"] in judging.FAILED]
    if failed:
        first = failed[0]
        print(
            f"transfer: {told['env']}: {len(failed)} of {len(told['pairs'])} pairs failed, first "
            f"{first['policy']} on {first['a']} and {first['b']}: {first['verdict']}",
            file=sys.stderr,
        )
    elif options.publish:
        print(f"published as {record.publish(told, picture, paths)[0]}")
    return not failed


def _compared(
    entry: Entry, policies: list[Policy], impls: tuple[str, ...], options: Options
) -> list[Request]:
    """What every policy plays on every implementation."""
    episodes = options.episodes or _standard(entry)
    return [
        Request(
            *(entry.name, policy.path, impls, episodes, options.seed, COMPARED),
            greedy=_greedy(entry, options),
        )
        for policy in policies
    ]


def _apart(
    entry: Entry, policies: list[Policy], options: Options, play: Player
) -> tuple[list[dict[str, Played]], list[Played]]:
    """On the reference, with keys and noise of their own: policies, and uniformly drawn actions."""
    own = _compared(entry, policies, (REFERENCE,), options)
    drawn = min(RANDOM_EPISODES, own[0].episodes)
    requests = [
        *(replace(each, stream=APART) for each in own),
        *(replace(each, stream=APART, episodes=drawn, uniform=True) for each in own),
    ]
    what = f"{entry.name} on the reference, with another seed and with drawn actions"
    with showing.progress(what, requests) as done:
        found = play(requests, done)
    return found[: len(own)], [each[REFERENCE] for each in found[len(own) :]]


def _margins(
    entry: Entry, policies: list[Policy], apart: list[dict[str, Played]], random: list[Played]
) -> dict[str, float | None]:
    """By policy, before anything is compared; None where every episode must be equal."""
    if entry.spec.exact:
        return dict.fromkeys(policy.name for policy in policies)
    share = entry.spec.transfer_margin
    margins: dict[str, float | None] = {}
    for policy, trained, drawn in zip(policies, apart, random, strict=True):
        margin = judging.margin_of(policy.name, share, trained[REFERENCE].returns, drawn.returns)
        returns = trained[REFERENCE].returns
        chance = judging.power(float(returns.std(ddof=1)), margin, len(returns))
        showing.say(
            f"{entry.name} {policy.name}: the margin is {margin:.4g}; by the spread on the "
            f"reference, {len(returns):,} pairs show equal means with a chance of {chance:.0%}"
        )
        margins[policy.name] = margin
    return margins


def _smallest(margins: dict[str, float | None]) -> float | None:
    return min((margin for margin in margins.values() if margin is not None), default=None)


def _trained(
    entry: Entry, impls: tuple[str, ...], options: Options, before: dict[str, Any]
) -> tuple[list[Path], dict[str, Any]]:
    """Policies made anew: the first of each backend, and what is to be told of all of them."""
    seeds = options.seeds or (1 if entry.spec.exact else RETRAINED_SEEDS)
    plan = Plan((*impls[1:], REFERENCE), range(seeds), options.steps)
    trained = retraining.train_all(entry, plan, showing.say)
    first = [paths[0] for paths in trained.values()]
    if seeds == 1:
        return first, before
    requests = retraining.requests(entry.name, trained, options.seed, _greedy(entry, options))
    with (
        players(sum(len(parts_of(each)) for each in requests)) as play,
        showing.progress(f"{entry.name}: policies trained anew", requests) as done,
    ):
        played = play(requests, done)
    return first, retraining.summary(entry, plan, trained, played)


def _greedy(entry: Entry, options: Options) -> bool:
    """Drawn actions visit more states. But they also make returns spread, which hides differences
    of means, so they are the default only where every single episode is compared.
    """
    return options.actions == GREEDY or (not options.actions and not entry.spec.exact)


def _actions(text: str) -> str:
    if text not in ("", DRAWN, GREEDY):
        raise UserError(f"ACTIONS is {text!r}; accepted: {DRAWN} or {GREEDY}")
    return text


def _standard(entry: Entry) -> int:
    return EXACT_EPISODES if entry.spec.exact else PAIRED_EPISODES


def _options(args: Args) -> Options:
    """What the words say.

    Raises:
        UserError: for a wrong one.
    """
    names = tuple(name for name in _list("BACKENDS", args.backends) if name != REFERENCE)
    if (args.seeds or args.steps) and not args.retrain:
        raise UserError("SEEDS and STEPS are of policies made anew; accepted: with RETRAIN=1")
    if args.checkpoint and (args.retrain or args.publish or not args.env):
        raise UserError("CHECKPOINT is scored alone; accepted: with ENV, no RETRAIN, no PUBLISH")
    return Options(
        seed=_integer("SEED", args.seed or "0", 0, 2**31 - 1),
        episodes=_integer("EPISODES", args.episodes, 2, MOST) if args.episodes else 0,
        backends=names,
        actions=_actions(args.actions),
        checkpoints=tuple(Path(name) for name in _list("CHECKPOINT", args.checkpoint)),
        retrain=args.retrain,
        seeds=_integer("SEEDS", args.seeds, 1, 1000) if args.seeds else 0,
        steps=_integer("STEPS", args.steps, 1, 10**12) if args.steps else 0,
        publish=args.publish,
    )


def _entries(name: str, options: Options) -> list[Entry]:
    """The environments.

    Raises:
        UserError: for an unknown one, or one without checkpoints.
    """
    if name and (options.retrain or options.checkpoints or shipped(registry.get(name).name)):
        return [registry.get(name)]
    found = [each for each in registry.names() if options.retrain or shipped(each)]
    if name or not found:
        accepted = f"{', '.join(found)}, or " if found else ""
        raise UserError(
            f"no checkpoints of {name or 'any environment'} in transfer/checkpoints; accepted: "
            f"{accepted}RETRAIN=1"
        )
    return [registry.get(each) for each in found]


def _check(entry: Entry, options: Options) -> None:
    """Refuse before the work what cannot end well.

    Raises:
        UserError: naming what is accepted.
    """
    impls = _backends(entry, options.backends)
    if not options.retrain:
        load(entry.name, list(options.checkpoints) or shipped(entry.name))
    if not options.publish:
        return
    missing = [impl for impl in distinct(entry) if impl not in impls]
    outdated = [why for impl in impls if (why := stale(impl))]
    few = 0 < options.episodes < _standard(entry)
    if missing or few:
        what = f"without {missing[0]}" if missing else f"{options.episodes} episodes"
        raise UserError(
            f"{entry.name} is not published with this: {what}; accepted: every implementation, "
            f"{_standard(entry)} episodes or more"
        )
    if outdated:
        raise UserError(outdated[0])


def _backends(entry: Entry, named: tuple[str, ...]) -> tuple[str, ...]:
    """The implementations beside the reference.

    Raises:
        UserError: for an unknown one, one that is not installed, or if there is none at all.
    """
    for name in named:
        if name not in entry.backends:
            accepted = ", ".join((REFERENCE, *entry.backends))
            raise UserError(f"{entry.name} has no backend {name!r}; accepted: {accepted}")
        if not _installed(name):
            library = IMPLEMENTATIONS[name].library
            raise UserError(f"{library} is not installed; run `make setup`")
    found = named or tuple(name for name in distinct(entry) if _installed(name))
    if not found:
        raise UserError(
            f"no backend of {entry.name} is installed; accepted: one of "
            f"{', '.join(entry.backends)}, run `make setup`"
        )
    return found


def distinct(entry: Entry) -> tuple[str, ...]:
    """The environment's backends; of those that share a library, and so the rules, the first."""
    seen: set[str] = set()
    found = []
    for name in entry.backends:
        library = IMPLEMENTATIONS[name].library if name in IMPLEMENTATIONS else ""
        if not library or library not in seen:
            found.append(name)
        seen.add(library)
    return tuple(found)


def _installed(name: str) -> bool:
    library = IMPLEMENTATIONS[name].library if name in IMPLEMENTATIONS else ""
    return not library or importlib.util.find_spec(library) is not None


def _list(name: str, text: str) -> list[str]:
    """The parts of a comma-separated list; an empty text has none."""
    parts = [part.strip() for part in text.split(",")] if text else []
    if not all(parts):
        raise UserError(f"{name} is {text!r}; accepted: values separated by single commas")
    return list(dict.fromkeys(parts))


def _integer(name: str, text: str, low: int, high: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise UserError(f"{name} is {text!r}; accepted: an integer from {low} to {high}")
    return value
