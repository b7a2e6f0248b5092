"""Duel's reference rules."""

from tests.duel.reference.rules import Duel
from tests.duel.reference.spec import SPEC

__all__ = ["SPEC", "Duel"]
