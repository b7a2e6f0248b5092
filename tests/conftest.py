"""Registers the environments that only tests know."""

from __future__ import annotations

from tests import duel

duel.register()
