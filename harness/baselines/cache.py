"""The folder for what baselines fetch or compile."""

from __future__ import annotations

import os
from pathlib import Path


def cache_dir() -> Path:
    """SAMESTEP_CACHE, or .cache in this repository."""
    default = Path(__file__).resolve().parents[2] / ".cache"
    return Path(os.environ.get("SAMESTEP_CACHE") or default)
