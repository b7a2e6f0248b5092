"""README.md's table of trained policies, from results/published/train-ENV.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ppo.scores import short

Run = dict[str, Any]


def read_runs(published: Path) -> list[Run]:
    """Every published run that was scored, by environment."""
    found = []
    for path in sorted(published.glob("train-*.json"), key=lambda path: path.name):
        found += [run for run in json.loads(path.read_text())["runs"] if run["evaluation"]]
    return found


def table(runs: list[Run]) -> str:
    """A line for the runs of one environment, backend and number of steps."""
    if not runs:
        return "No run is published yet; `make train ... PUBLISH=1` makes one.\n"
    groups: dict[tuple[str, str, int], list[Run]] = {}
    for run in runs:
        groups.setdefault((run["env"], run["backend"], run["steps"]), []).append(run)
    header = ["Environment", "Trained over", "Steps", "Seeds", "Seconds", "Mean score of each seed"]
    lines = [f"| {' | '.join(header)} |", "|---|---|---:|---:|---:|---|"]
    for (env, backend, steps), group in groups.items():
        scores = ", ".join(short(run["evaluation"]["mean"]) for run in group)
        cells = [env, backend, f"{steps:,}", str(len(group)), spread(group), scores]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *origins(runs), ""])


def spread(group: list[Run]) -> str:
    """From the least to the most seconds."""
    seconds = sorted(round(run["seconds"]) for run in group)
    return str(seconds[0]) if seconds[0] == seconds[-1] else f"{seconds[0]} to {seconds[-1]}"


def origins(runs: list[Run]) -> list[str]:
    """One line for each machine and commit."""
    lines = []
    for run in runs:
        machine = run["fingerprint"]
        where = f"{machine['cpu']}, {machine['cores']} cores"
        lines.append(f"Trained on {where}, at commit {run['commit'][:10]}.")
    return list(dict.fromkeys(lines))
