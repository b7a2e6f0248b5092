"""PyBoy as a machine that can be put into any state: what the reference and the lockstep drive.

Always a DMG, sound off, the cartridge's clock locked, no .ram or .rtc file read.
"""

from __future__ import annotations

import contextlib
import functools
import io
from typing import Any, cast

import numpy as np

from references.gameboy.building import load_probe
from references.gameboy.spec import BUTTONS, SPEC

CARTRIDGE_TYPE = 0x147
TYPES_WITH_CLOCK = (0x0F, 0x10)
FIELDS = np.dtype([(field.name, "<" + field.dtype, field.shape) for field in SPEC.state])
"""STATE as a packed structure, without the row's header."""


@functools.cache
def events() -> tuple[tuple[int, int], ...]:
    """PyBoy's (press, release) events by bit of an action."""
    from pyboy.utils import WindowEvent

    names = [f"ARROW_{name.upper()}" for name in BUTTONS[:4]]
    names += [f"BUTTON_{name.upper()}" for name in BUTTONS[4:]]
    return tuple(
        (getattr(WindowEvent, "PRESS_" + name), getattr(WindowEvent, "RELEASE_" + name))
        for name in names
    )


class Console:
    """One PyBoy.

    Args:
        rom: the ROM's bytes.

    Raises:
        OracleMissingError: without PyBoy 2.8.1, or what its probe is built with.
        ValueError: for a ROM that PyBoy refuses.
    """

    def __init__(self, rom: bytes) -> None:
        self._probe = load_probe()
        if FIELDS.itemsize != self._probe.STATE_BYTES:
            raise AssertionError("probe.pyx and spec.py disagree about STATE")
        self.pyboy = open_pyboy(rom)
        self._held = 0

    def boot(self) -> None:
        """Run PyBoy's own boot ROM, undrawn, to the end of the frame in which it leaves."""
        while self._probe.booting(self.pyboy):
            self.pyboy.tick(1, False, False)

    def frame(self, held: int, render: bool) -> None:
        """One tick with these buttons held, a bit each as in spec.BUTTONS."""
        changed = held ^ self._held
        for bit, (press, release) in enumerate(events()):
            if changed >> bit & 1:
                self.pyboy.send_input(press if held >> bit & 1 else release)
        self._held = held
        self.pyboy.tick(1, render, False)

    def read(self) -> np.void:
        """The state, structured () of FIELDS."""
        row = np.empty(FIELDS.itemsize, np.uint8)
        self._probe.read(self.pyboy, row)
        return cast(np.void, row.view(FIELDS)[0])

    def write(self, state: np.void) -> None:
        """Go to a state, structured () of FIELDS."""
        self._probe.write(self.pyboy, np.frombuffer(state.tobytes(), np.uint8))
        self._held = ~(int(state["directions"]) | int(state["buttons"]) << 4) & 0xFF


def open_pyboy(rom: bytes) -> Any:
    """A PyBoy with this ROM, at power on.

    Raises:
        ValueError: if PyBoy refuses the ROM.
    """
    from pyboy import PyBoy
    from pyboy.utils import PyBoyException

    try:
        # What it prints about a missing clock file goes to standard output at any log level.
        with contextlib.redirect_stdout(io.StringIO()):
            pyboy = PyBoy(
                io.BytesIO(rom),
                window="null",
                sound_emulated=False,
                cgb=False,
                log_level="CRITICAL",
            )
    except (PyBoyException, KeyError) as error:
        raise ValueError(f"PyBoy refuses the ROM: {error}") from None
    if rom[CARTRIDGE_TYPE] in TYPES_WITH_CLOCK:
        pyboy.rtc_lock_experimental(True)
    return pyboy
