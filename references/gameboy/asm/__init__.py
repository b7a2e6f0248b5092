"""A small assembler for the SM83: what the ROMs of our own and of the tests are built with.

    python -m references.gameboy.asm game.asm game.gb

A line is `label:`, `name equ VALUE`, an instruction or a directive, each of which may be missing,
then `; comment`. A label that begins with a dot belongs to the last one that does not. Values are
expressions of decimal, `$hex`, `%binary` and 'c' numbers, names, `@` (the address of this line),
`low(v)`, `high(v)` and + - * / % & | ^ ~ << >>. Instructions are written as in Pan Docs' tables,
with memory in parentheses: `ld a, (hl+)`, `ldh ($44), a`, `ld hl, sp+4`, `add a, b`, `sub b`.

Directives: `bank N` (continue in that ROM bank, at its start), `org ADDRESS`, `db` of values and
"strings", `dw`, `ds COUNT[, FILL]`, `header "TITLE"[, TYPE[, RAM_SIZE]]`.
"""

from references.gameboy.asm.assembler import Program, assemble
from references.gameboy.asm.expressions import AsmError

__all__ = ["AsmError", "Program", "assemble"]
