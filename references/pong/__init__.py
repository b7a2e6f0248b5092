"""Pong's reference: readable rules, held against PufferLib's C code."""

from references.pong.rules import Pong
from references.pong.spec import SPEC

__all__ = ["SPEC", "Pong"]
