"""README.md's table of trained policies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tools import readme_table, readme_training


def run(backend: str, seed: int, seconds: float, mean: float, **other: Any) -> dict[str, Any]:
    return {
        "env": "pong",
        "backend": backend,
        "seed": seed,
        "steps": 1_500_000,
        "seconds": seconds,
        "evaluation": {"mean": mean},
        "commit": "c" * 40,
        "fingerprint": {"cpu": "A CPU", "cores": 2},
        **other,
    }


def test_runs_of_a_backend_share_a_line(tmp_path: Path) -> None:
    runs = [run("rust", 0, 21.4, 20.38), run("rust", 1, 24.6, 21.0), run("jax", 0, 60.0, 20.0)]
    unscored = run("rust", 2, 9.0, 0.0, evaluation=None)
    (tmp_path / "train-pong.json").write_text(json.dumps({"runs": [*runs, unscored]}))
    lines = readme_training.table(readme_training.read_runs(tmp_path)).splitlines()
    assert "| pong | rust | 1,500,000 | 2 | 21 to 25 | 20.4, 21.0 |" in lines
    assert "| pong | jax | 1,500,000 | 1 | 60 | 20.0 |" in lines
    assert lines[-1] == "Trained on A CPU, 2 cores, at commit cccccccccc."
    filled = readme_table.render("<!-- training -->\nold\n<!-- /training -->\n", tmp_path)
    assert "old" not in filled
    assert "| 20.4, 21.0 |" in filled


def test_without_runs_it_says_how_to_make_one(tmp_path: Path) -> None:
    assert "make train" in readme_training.table(readme_training.read_runs(tmp_path))
