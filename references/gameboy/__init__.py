"""The Game Boy's reference: PyBoy 2.8.1 itself, with its private state read and written."""

from references.gameboy.rules import GameBoy
from references.gameboy.spec import SPEC

__all__ = ["SPEC", "GameBoy"]
