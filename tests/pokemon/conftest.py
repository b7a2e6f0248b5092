"""Showdown's child process, shared by the tests that need it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from references.pokemon.showdown import Showdown, ShowdownMissingError


@pytest.fixture(scope="session")
def showdown() -> Iterator[Showdown]:
    try:
        child = Showdown()
    except ShowdownMissingError:
        pytest.skip("needs Node and pokemon-showdown: make setup")
    yield child
    child.close()
