"""`python -m ppo`: trains a policy, keeps checkpoints on the way, and scores it at the end."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import jax
import tyro

from harness import registry
from harness.errors import UserError
from harness.implementations import make_batch
from ppo.checkpoints import (
    KEPT,
    args_from,
    in_folder,
    leaves_of,
    read,
    restored,
    save_policy,
    write,
)
from ppo.envs import layout_of, make_env
from ppo.evaluate import Episodes, evaluate
from ppo.loops import Loop, make_loop
from ppo.ppo import Agent, Args
from ppo.runs import Record, Run, folder_of, publish, whole_lines
from ppo.scores import short

CHECKPOINTS = 20
"""How many a run writes."""
LINES = 100
"""Lines of progress that a run writes."""
SAY_EVERY = 2.0
"""Seconds between lines that are printed."""
NATIVE = {"rust": "rust", "jax": "jax"}
"""What a policy is scored on after it was trained over a backend; the reference for all others."""
HIGHEST_SEED = 2**31 - 1


@dataclass
class Command:
    """Train a policy with PPO."""

    args: tyro.conf.OmitArgPrefixes[Args] = field(default_factory=Args)
    param: tuple[str, ...] = ()
    """Parameters of the environment, as in `--param frame_skip=8`."""
    resume: str = ""
    """Go on from a run's newest checkpoint (1), or from this one."""
    publish: bool = False
    """Also put the summary and the curve into results/published."""


def train(args: Args, resume: str = "", say: Any = print) -> list[Record]:
    """Train, score and save: what each seed's summary.json says.

    Args:
        args: the configuration.
        resume: a checkpoint's path, "1" for the newest, "" to begin anew.
        say: takes lines for a person.

    Raises:
        UserError: in one line, for bad arguments, a damaged checkpoint, or a folder that cannot
            be written.
    """
    start = time.perf_counter()
    entry = registry.get(args.env)
    _check(args)
    agent = Agent(args, layout_of(entry, args.params))
    source = _source(args, resume)
    header: Record = {"update": 0, "seconds": 0.0}
    arrays: Any = None
    if source:
        header, arrays = read(source)
    loop = make_loop(agent, make_env(entry, args.backend, args.num_envs, args.params))
    seeds = range(args.seed, args.seed + args.num_seeds)
    parameters = sum(leaf.size for leaf in jax.tree.leaves(loop.learned(0).weights))
    runs: list[Run] = []
    try:
        if source:
            _restore(loop, args, header, arrays, source)
        for seed in seeds:
            own = dataclasses.replace(args, seed=seed)
            runs.append(Run(own, parameters, header["update"]))
        _updates(args, loop, runs, header, start, say)
        seconds = header["seconds"] + time.perf_counter() - start
        split = loop.split()._asdict()
        summaries = []
        for index, run in enumerate(runs):
            learned = loop.learned(index)
            facts = {"steps": args.updates * args.batch_size, "backend": args.backend}
            save_policy(run.folder / "policy.ckpt", run.args, learned, facts)
            played = _score(entry, agent, learned, args)
            summaries.append(
                run.finish(
                    {
                        "steps": args.updates * args.batch_size,
                        "seconds": seconds,
                        "num_seeds": args.num_seeds,
                        "compile_s": loop.compile_s,
                        "sps": args.updates * args.batch_size * args.num_seeds / seconds,
                        "evaluation": _told(played, args),
                        "split": split,
                    }
                )
            )
            say(_verdict(run, summaries[-1]))
        return summaries
    finally:
        for run in runs:
            run.close()
        loop.close()


def _check(args: Args) -> None:
    """Refuse what makes no sense.

    Raises:
        UserError: naming the argument and what is accepted.
    """
    positive = ("num_seeds", "steps", "num_envs", "num_steps", "update_epochs", "num_minibatches")
    for name in (*positive, "width", "layers"):
        if getattr(args, name) < 1:
            raise UserError(f"{name} is {getattr(args, name)}; accepted: at least 1")
    last = args.seed + args.num_seeds - 1
    if args.seed < 0 or last > HIGHEST_SEED:
        raise UserError(f"seed is {args.seed}; accepted: 0 to {HIGHEST_SEED}")


def _source(args: Args, resume: str) -> Path | None:
    """The checkpoint to go on from.

    Raises:
        UserError: if there is none, or it is damaged; then the one before it is named.
    """
    if not resume:
        return None
    folder = folder_of(args)
    found = in_folder(folder)
    if resume != "1":
        return Path(resume)
    if not found:
        raise UserError(f"{folder} has no checkpoint; accepted: a run that was begun")
    try:
        read(found[-1])
    except UserError as error:
        before = f"the one before it: RESUME={found[-2]}" if len(found) > 1 else "a new run"
        raise UserError(f"{error}, or {before}") from None
    return found[-1]


def _restore(loop: Loop, args: Args, header: Record, arrays: Any, source: Path) -> None:
    saved = args_from(header["args"], source)
    for each in dataclasses.fields(Args):
        had, has = getattr(saved, each.name), getattr(args, each.name)
        if had != has:
            raise UserError(
                f"{source} was trained with {each.name} {had}, not {has}; accepted: the same"
            )
    own = loop.arrays()
    if own is None:
        raise UserError(f"a run over {args.backend} cannot be resumed: its state cannot be set")
    state = restored(own["state"], arrays["state"], source)
    loop.restore({"state": state, "env": arrays["env"]})


def _updates(
    args: Args, loop: Loop, runs: list[Run], header: Record, start: float, say: Any
) -> None:
    """All updates that are left, with their lines and checkpoints."""
    first, total = header["update"], args.updates
    interval, between = max(1, total // LINES), max(1, total // CHECKPOINTS)
    said, sums, since, begun = 0.0, _Sums(args.num_seeds), first, time.perf_counter()
    with _Stop() as stop:
        for number in range(first, total):
            sums.add(loop.update(number))
            done = number + 1
            now = time.perf_counter()
            if done % interval == 0 or done == total:
                steps = done * args.batch_size
                rate = (done - since) * args.batch_size * args.num_seeds / (now - begun)
                seconds = header["seconds"] + now - start
                lines = sums.lines(
                    {"update": done, "steps": steps, "seconds": seconds, "sps": rate}
                )
                for run, line in zip(runs, lines, strict=True):
                    run.log(line)
                sums, since, begun = _Sums(args.num_seeds), done, now
                if now - said > SAY_EVERY or done == total:
                    say(_line(done, total, lines))
                    said = now
            if done == total:  # nothing is left to resume
                return
            if done % between == 0 or stop.asked:
                _checkpoint(args, loop, runs[0].folder, done, header["seconds"] + now - start)
            if stop.asked:
                raise KeyboardInterrupt


class _Stop:
    """Ctrl-C ends a run after the update that it falls into, so that a checkpoint can be kept."""

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def __enter__(self) -> _Stop:
        with contextlib.suppress(ValueError):  # not the main thread
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *raised: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


class _Sums:
    """Metrics of several updates: an interval's line, for each seed."""

    def __init__(self, seeds: int) -> None:
        self.each: list[dict[str, Any]] = []
        self.seeds = seeds

    def add(self, metrics: dict[str, Any]) -> None:
        """Those of one update."""
        self.each.append(metrics)

    def lines(self, facts: Record) -> list[Record]:
        """Sums of what is counted, means of what is not."""
        return [self._line(index, dict(facts)) for index in range(self.seeds)]

    def _line(self, index: int, line: Record) -> Record:
        def total(name: str) -> float:
            return float(sum(each[name][index] for each in self.each))

        episodes = int(total("episodes"))
        line["episodes"] = episodes
        line["return"] = total("return_sum") / episodes if episodes else None
        line["length"] = total("length_sum") / episodes if episodes else None
        for name in ("policy_loss", "value_loss", "entropy", "approx_kl", "clip_fraction"):
            line[name] = total(name) / len(self.each)
        return line


def _checkpoint(args: Args, loop: Loop, folder: Path, update: int, seconds: float) -> None:
    """Write one, and let all but the newest few go."""
    arrays = loop.arrays()
    if arrays is None:
        return
    header = {
        "kind": "run",
        "args": dataclasses.asdict(args),
        "update": update,
        "seconds": seconds,
        "facts": {"steps": update * args.batch_size, "backend": args.backend},
    }
    packed = {"state": leaves_of(arrays["state"]), "env": arrays["env"]}
    write(folder / f"checkpoint-{update:08}.ckpt", header, packed)
    for old in in_folder(folder)[:-KEPT]:
        old.unlink(missing_ok=True)


def _score(entry: registry.Entry, agent: Agent, learned: Any, args: Args) -> Episodes | None:
    """The policy's episodes on what it was trained over, or else on the reference."""
    if not args.eval_episodes:
        return None
    impl = NATIVE.get(args.backend, "reference")
    batch = make_batch(entry, impl, args.eval_episodes, args.params)
    alone = dataclasses.replace(agent.args, num_envs=args.eval_episodes, num_minibatches=1)
    try:
        acting = Agent(alone, agent.layout)
        return evaluate(entry, acting, learned, batch, HIGHEST_SEED, args.eval_greedy)
    finally:
        batch.close()


def _told(played: Episodes | None, args: Args) -> Record | None:
    if played is None:
        return None
    scores = played.scores
    return {
        "episodes": len(scores),
        "greedy": args.eval_greedy,
        "mean": played.mean,
        "sd": float(scores.std()),
        "min": float(scores.min()),
        "max": float(scores.max()),
        "returns": [float(each) for each in scores],
    }


def _line(done: int, total: int, lines: list[Record]) -> str:
    line = lines[0]
    shown = "-" if line["return"] is None else short(line["return"])
    return (
        f"update {done}/{total}  steps {line['steps']:,}  return {shown}  "
        f"{line['sps']:,.0f} steps/s  {line['seconds']:.0f} s"
    )


def _verdict(run: Run, summary: Record) -> str:
    played = summary["evaluation"]
    score = "" if played is None else (
        f" scores {short(played['mean'])} (sd {short(played['sd'])})"
        f" over {played['episodes']} episodes,"
    )  # fmt: skip
    split = summary["split"]
    whole = sum(split.values()) or 1.0
    shares = ", ".join(f"{name} {100 * part / whole:.0f} %" for name, part in split.items())
    return (
        f"{run.args.env} over {run.args.backend}, seed {run.args.seed}:{score} after "
        f"{summary['steps']:,} steps in {summary['seconds']:.0f} s ({shares}); "
        f"{run.folder / 'policy.ckpt'}"
    )


def defaults(env: str) -> Args:
    """What is trained unless told otherwise.

    Raises:
        UserError: for an unknown environment.
    """
    return Args(env=env, **registry.get(env).training)


def main(arguments: list[str]) -> int:
    """The command; its exit status."""
    first = argparse.ArgumentParser(add_help=False)
    first.add_argument("--env", default=Args.env)
    env = first.parse_known_args(arguments)[0].env
    command = tyro.cli(Command, default=Command(defaults(env)), args=arguments, prog="ppo")
    given = dict(_parameter(env, text) for text in command.param)
    args = dataclasses.replace(command.args, params={**command.args.params, **given})
    summaries = train(args, command.resume)
    if command.publish:
        seeds = range(args.seed, args.seed + args.num_seeds)
        runs = []
        for seed, summary in zip(seeds, summaries, strict=True):
            folder = folder_of(dataclasses.replace(args, seed=seed))
            runs.append((summary, whole_lines(folder / "progress.jsonl")))
        print(f"published {publish(args.env, runs)}")
    return 0


def _parameter(env: str, text: str) -> tuple[str, bool | int | float | str]:
    """NAME=VALUE, the value as the type that the environment's parameter has.

    Raises:
        UserError: for anything else.
    """
    name, equals, value = text.partition("=")
    known = registry.get(env).spec.all_params
    if not equals or name not in known:
        raise UserError(f"parameter {text!r}; accepted: NAME=VALUE with {', '.join(known)}")
    kind = type(known[name].default)
    words = {"true": True, "false": False}
    try:
        return name, words[value.lower()] if kind is bool else kind(value)
    except (ValueError, KeyError):
        raise UserError(
            f"{name} is {value!r}; accepted: a value like {known[name].default}"
        ) from None
