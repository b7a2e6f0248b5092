"""`python -m references.gameboy.asm SOURCE ROM`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from references.gameboy.asm.assembler import assemble
from references.gameboy.asm.expressions import AsmError


def main() -> int:
    """Assemble one file; exit status 2 with one line for what cannot be."""
    parser = argparse.ArgumentParser(description="Assemble a Game Boy ROM.")
    parser.add_argument("source", type=Path)
    parser.add_argument("rom", type=Path)
    arguments = parser.parse_args()
    try:
        program = assemble(arguments.source.read_text(), str(arguments.source))
        arguments.rom.write_bytes(program.rom)
    except (AsmError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
