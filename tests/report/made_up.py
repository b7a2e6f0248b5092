"""A small results folder with a record of every kind, as the commands write them."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

Record = dict[str, Any]

COMMIT = "0123456789abcdef0123456789abcdef01234567"
MACHINE = {"cpu": "A <Fast> Processor & Sons", "cores": 4, "gpu": "", "memory": 15.5}
OLD, TIME, LATE = (f"2026-03-0{day}T10:20:30+00:00" for day in (1, 2, 3))
SPLIT = {"environment": 0.125, "inference": 0.25, "update": 0.625}


def stamp(**more: Any) -> Record:
    """What every record carries."""
    return {"commit": COMMIT, "dirty": False, "time": TIME, "fingerprint": MACHINE, **more}


def line(impl: str, speed: float, **more: Any) -> Record:
    """A line of the bench."""
    return {
        "env": "pong",
        "impl": impl,
        "kind": "random",
        "variant": "skip8",
        "params": {"frame_skip": 8},
        "batch": 64,
        "threads": 1,
        "precision": "f32",
        "sps_median": speed,
        "sps_iqr": speed / 50,
        "cv": 0.01,
        "repeats": 5,
        "compile_s": 0.0,
        "check": "ok: 18d0f78a",
        "build": "release",
        **stamp(),
        **more,
    }


def bench() -> list[Record]:
    """Random actions, of which the first line is older than the rest, and PPO."""
    return [
        line("rust", 987_654_321.0, commit="f" * 40, time=OLD),
        line("reference", 32_100.0),
        line("rust", 107_000_000.0),
        line("rust", 178_000_000.0, threads=2, cv=0.2),
        line("jax", 26_200_000.0, compile_s=12.25),
        line("puffer", 7_450_000.0, repeats=2),
        *(
            line(impl, speed, kind="ppo", parameters=6_020, split=SPLIT)
            for impl, speed in (("rust-ffi", 1_230_000.0), ("puffer", 410_000.0))
        ),
    ]


def verify(env: str = "pong") -> Record:
    """A proof, with single steps and free runs too."""
    row = {"backend": "rust", "variant": "skip8", "seed": 0, "plan_episodes": 9, "shard": "1/1"}
    horizon = {
        "off": 0.001,
        "median": 21.5,
        "lengths": [12, 20, 23, 31],
        "reference": {"1e-06": {"median": 6.0, "lengths": [2, 5, 7, 9]}},
    }
    error: Record = {"states": 1_234, "q50": 4.5e-8, "q99": 5.5e-8, "max": 1.25e-7}
    classes = {"reset": {"exceptions": 3, "exceptions_not_accepted": 0, "error": error}}
    ended = {"status": "equal", "differences": 0, "seconds": 75.5, "kind": ""}
    counts = {
        "episodes": 41,
        "steps": 52_431,
        "differences": 0,
        "seeds": [0],
        "variants": ["skip8"],
    }
    return {
        "env": env,
        "ok": True,
        "hash": "no such hash",
        "summary": {"oracle": counts, "rust": counts},
        "errors": {"rust skip8": classes},
        "levels": [{"level": 1, "what": "tests marked l1", "status": "passed"}],
        "rollouts": [
            {**row, **ended, "episodes": 41, "steps": 52_431},
            {**row, **ended, "kind": "horizon", "episodes": 4, "steps": 86, "horizon": horizon},
        ],
        **stamp(),
    }


def mutants() -> Record:
    """Three planted bugs, of which one survives."""
    outcomes: dict[str, Record] = {
        "rust: the ball <b>stops</b>": {"kind": "by hand", "caught_by": "l1: a"},
        "src/rules.rs:1:2: replace > with >= in clip": {
            "kind": "sampled",
            "caught_by": None,
            "reason": "at equality both are the same <number>",
        },
        "src/rules.rs:9:9: replace + with - in move": {
            "kind": "sampled",
            "caught_by": "cargo test",
        },
    }
    return {
        "env": "pong",
        "totals": {
            "by hand": {"planted": 1, "caught": 1},
            "sampled": {"planted": 2, "caught": 1},
        },
        "outcomes": {name: {"backend": "rust", **each} for name, each in outcomes.items()},
    }


def curve(seed: int) -> list[Record]:
    """A return that rises from -21 to 20, with nothing in the first interval."""
    points = [{"steps": 0, "seconds": 1.5, "return": None}]
    drawn = random.Random(seed)
    for place in range(1, 40):
        height = -21 + 41 / (1 + math.exp(-(place - 16 - 2 * seed) / 3)) + drawn.uniform(-0.6, 0.6)
        points.append({"steps": 65_536 * place, "seconds": 4 + place, "return": height})
    return points


def summary(seed: int, backend: str = "rust") -> Record:
    """A run of make train."""
    return {
        "env": "pong",
        "backend": backend,
        "seed": seed,
        "params": {"frame_skip": 8},
        "steps": 2_555_904,
        "seconds": 43.0 + seed,
        "compile_s": 4.0,
        "sps": 65_536.0,
        "parameters": 6_020,
        "evaluation": {
            **{"episodes": 100, "mean": 19.5 + seed / 4, "sd": 1.25, "min": 15.0, "max": 21.0},
            "returns": [19.5 + seed / 4] * 100,
        },
        "split": {"environment": 0.25, "inference": 0.25, "update": 1.5},
        **stamp(),
    }


def transfer() -> Record:
    """One policy on two implementations, with a test."""
    drawn = random.Random(0)
    one = [drawn.gauss(3000, 120) for _ in range(200)]
    other = [value + drawn.gauss(0, 9) for value in one]
    pair = {
        "policy": "rust-s0",
        "episodes": 200,
        "mean_a": 3001.5,
        "mean_b": 3000.25,
        "mean_difference": -1.25,
        "sd_difference": 9.0,
        "equal": 0,
        "p_tost": None,
        "ci90": None,
    }
    tested = {"p_tost": 0.00025, "ci90": [-2.5, 0.5], "verdict": "equivalent"}
    return {
        "env": "pong",
        "exact": False,
        "margin": 61.5,
        "margin_share": 0.02,
        "episodes": 200,
        "seed": 0,
        "random": {"mean": -280.5},
        "policies": [
            {"name": "rust-s0", "trained_on": "rust", "seed": 0, "checkpoint": "x", "steps": 10**6}
        ],
        "returns": {"rust-s0": {"reference": one, "rust": other}},
        "pairs": [
            {**pair, "a": "reference", "b": "reference", "verdict": "noise floor", "equal": 200},
            {**pair, "a": "reference", "b": "rust", **tested},
            {**pair, "a": "rust", "b": "reference", **tested, "verdict": "not shown"},
        ],
        "retrained": {
            "rust": {"means": [2900.0, 3010.0, 2950.0], "interval": [2905.0, 3000.0]},
            "reference": {"means": [2880.0, 2990.0, 3020.0], "interval": [2890.0, 3011.0]},
        },
        "retrained_differences": [
            {"a": "rust", "b": "reference", "mean_difference": -10.0, "ci95": [-95.5, 80.25]}
        ],
        "retrained_origin": {"scored_on": "reference", **stamp(commit="c" * 40)},
        **stamp(),
    }


def lines_of(records: list[Record]) -> str:
    """A line of JSON each."""
    return "".join(json.dumps(record) + "\n" for record in records)


def write(root: Path) -> None:
    """Everything about Pong, as if it had been run here."""
    files = {
        "bench/pong.jsonl": lines_of(bench()),
        "verify/pong.json": json.dumps(verify()),
        "mutants/pong.json": json.dumps(mutants()),
        "transfer/pong.json": json.dumps(transfer()),
    }
    for seed, backend in ((0, "rust"), (1, "rust"), (0, "jax")):
        run = f"train/pong-{backend}-s{seed}"
        files[f"{run}/summary.json"] = json.dumps(summary(seed, backend))
        files[f"{run}/progress.jsonl"] = lines_of(curve(seed + 3 * (backend == "jax")))
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
