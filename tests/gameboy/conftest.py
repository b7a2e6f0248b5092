"""PyBoy and its probe, which most of these tests need."""

from __future__ import annotations

import pytest

from references.gameboy.building import OracleMissingError, load_probe


@pytest.fixture(scope="session")
def oracle() -> None:
    """Skips, by name, where PyBoy 2.8.1 or what its probe is built with is missing."""
    try:
        load_probe()
    except OracleMissingError as missing:
        pytest.skip(str(missing))
