"""The assembler: every instruction, expressions, layout, and what it refuses."""

from __future__ import annotations

import pytest

from references.gameboy.asm import AsmError, assemble
from references.gameboy.asm.expressions import evaluate
from references.gameboy.asm.instructions import FORMS, ILLEGAL

pytestmark = pytest.mark.l1


def test_every_legal_opcode_can_be_written_and_no_illegal_one() -> None:
    plain: set[int] = set()
    prefixed: set[int] = set()
    for form in FORMS.values():
        steps = {"bit": range(8), "vector": range(0, 0x40, 8)}.get(form.kind, range(1))
        for value in steps:
            data = form.encode(value, 0)
            assert len(data) == form.size
            (prefixed if data[0] == 0xCB else plain).add(data[1] if data[0] == 0xCB else data[0])
    assert plain == set(range(0x100)) - ILLEGAL - {0xCB}
    assert prefixed == set(range(0x100))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("nop", "00"),
        ("ld bc, $1234", "01 34 12"),
        ("ld ($C123), sp", "08 23 C1"),
        ("stop", "10 00"),
        ("jr @", "18 FE"),
        ("jr nz, @+129", "20 7F"),
        ("ld a, (hl+)", "2A"),
        ("ld (hl-), a", "32"),
        ("ld (hl), 'A'", "36 41"),
        ("ld b, (hl)", "46"),
        ("halt", "76"),
        ("sub (hl)", "96"),
        ("adc a, %101", "CE 05"),
        ("cp -1", "FE FF"),
        ("ret nc", "D0"),
        ("jp c, 2*(3+1)", "DA 08 00"),
        ("ldh ($FF44), a", "E0 44"),
        ("ldh a, ($44)", "F0 44"),
        ("ldh (c), a", "E2"),
        ("add sp, -2", "E8 FE"),
        ("ld hl, sp-3", "F8 FD"),
        ("ld hl, sp+4", "F8 04"),
        ("rst $38", "FF"),
        ("push af", "F5"),
        ("pop hl", "E1"),
        ("ld a, (high($C0DE) << 8 | 7)", "FA 07 C0"),
        ("ld a, (1)+2", "3E 03"),
        ("swap a", "CB 37"),
        ("bit 7, h", "CB 7C"),
        ("res 0, (hl)", "CB 86"),
        ("set 1+1, l", "CB D5"),
        ("db \"A;,\", ';', 1, -1 ; comment", "41 3B 2C 3B 01 FF"),
        ("dw $1234, @", "34 12 50 01"),
        ("ds 3, $55", "55 55 55"),
    ],
)
def test_a_line_s_bytes(line: str, code: str) -> None:
    expected = bytes.fromhex(code)
    rom = assemble(f"org $150\n{line}").rom
    assert rom[0x150 : 0x150 + len(expected)] == expected
    assert not any(rom[0x150 + len(expected) :])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1+2*3", 7),
        ("7%4", 3),
        ("7 % 4 << 1 | 1", 7),
        ("%11%%10", 1),
        ("~0 & $FF", 255),
        ("-(2-3)", 1),
        ("low(x+1)", 0x35),
        ("high(x)", 0x12),
        ("6 ^ 5", 3),
        ("9/2", 4),
    ],
)
def test_expressions(text: str, value: int) -> None:
    assert evaluate(text, {"x": 0x1234}) == value


def test_labels_banks_and_constants() -> None:
    program = assemble(
        """
        size equ 2
        main: jr .skip
        .again: db size
        .skip: jp far.end
        bank 3
        far: ds 4
        .end: dw main, far, .end
        """
    )
    assert program.symbols["main.skip"] == 3
    assert program.symbols["far.end"] == 0x4004
    assert program.rom[:6] == bytes([0x18, 0x01, 2, 0xC3, 0x04, 0x40])
    assert program.rom[0xC004:0xC00A] == bytes([0, 0, 0, 0x40, 0x04, 0x40])
    assert len(program.rom) == 4 * 0x4000


def test_header_and_checksums() -> None:
    rom = assemble('header "TITLE", $13, 3').rom
    assert rom[0x134:0x13A] == b"TITLE\0"
    assert (rom[0x147], rom[0x148], rom[0x149]) == (0x13, 0, 3)
    assert -sum(byte + 1 for byte in rom[0x134:0x14D]) & 0xFF == rom[0x14D]
    assert int.from_bytes(rom[0x14E:0x150], "big") == sum(rom[:0x14E]) & 0xFFFF


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("ld a, 256", "game:1: 256 is out of range; accepted: -128 to 255"),
        ("nop\njr @+200", "game:2: jr goes -128 to 127 bytes, not 198"),
        ("jp nowhere", "game:1: nowhere is not defined"),
        ("a equ 1", "game:1: a is a register or a condition"),
        ("x: nop\nx: nop", "game:2: x is defined twice"),
        ("ld (hl), (hl)", "game:1: no instruction ld (hl), (hl)"),
        ("mul a, b", "game:1: no instruction mul a, b"),
        ("rst 7", "game:1: rst goes to a multiple of 8, not to 7"),
        ("bit 8, a", "game:1: 8 is out of range; accepted: 0 to 7"),
        ("ldh ($1234), a", "game:1: ldh takes 0 to 255 or $FF00 to $FFFF, not $1234"),
        ("nop\norg 0\nnop", "game:3: there is something at $0000 of bank 0 already"),
        ("org $3FFF\ndw 0", "game:2: bank 0 is full"),
        ("bank 512", "game:1: there is no bank 512; accepted: 0 to 511"),
        ("org $5000", "game:1: $5000 is not in bank 0"),
        ("db 1 +", "game:1: '1 +' is no expression"),
        ("db (1", "game:1: '(1' is no expression"),
        ("db 1/0", "game:1: '1/0' divides by zero or shifts back"),
        ("ds -1", "game:1: ds takes a count from 0, not -1"),
        ("header 5", "game:1: header takes"),
        ("bank", "game:1: bank takes 1 argument, not 0"),
        ("ds", "game:1: ds takes a count and perhaps a fill"),
    ],
)
def test_what_it_refuses(source: str, message: str) -> None:
    with pytest.raises(AsmError) as refusal:
        assemble(source, "game")
    assert str(refusal.value).startswith(message)
    assert "\n" not in str(refusal.value)
