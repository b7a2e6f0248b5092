"""Definitions and expressions: read alike, and refused with the same lines, here and in Rust."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from references.contract import DiscreteAction
from references.gameboy import SPEC
from references.gameboy.definition import GAMES, NAMES, ROMS, open_definition, read_rom
from references.gameboy.expression import Expression
from tests.gameboy import expressions

CRATE = Path(__file__).resolve().parents[2] / "backends/rust/envs/gameboy"
CASES = tomllib.loads((CRATE / "tests/definitions.toml").read_text())["case"]


def refusal(path: Path | str) -> str:
    """The line that refuses a definition."""
    with pytest.raises(ValueError) as error:
        open_definition(str(path))
    return str(error.value)


def test_expressions() -> None:
    """The file's first part is written by hand, the second drawn; Rust is held to both."""
    lines = expressions.lines()
    assert len(lines) > 400
    for text, expected in lines:
        assert expressions.outcome(text) == expected, text


def test_limits_of_expressions() -> None:
    def held(count: int) -> str:
        return f"1 < 2 + 3 * {'(1 < 1 + 1 * ' * count}1{')' * count}"

    outcomes = {
        "(" * 32 + "1" + ")" * 32: "=> 1",
        "(" * 33 + "1" + ")" * 33: "!> at 34: nested more than 32 deep",
        "-" * 33 + "1": "!> at 34: nested more than 32 deep",
        held(20): "=> 1",
        held(30): "!> at 278: more than 64 values are held at once",
        " + ".join(["before(1)"] * 32): "=> 32",
        " + ".join(["before(1)"] * 33): "!> at 385: more than 32 before()",
        "1" + "+1" * 2047: "=> 2048",
        "1" + "+1" * 2048: "!> at 4097: 4097 characters; accepted: up to 4096",
    }
    for text, expected in outcomes.items():
        assert expressions.outcome(text) == expected, text
    with pytest.raises(ValueError, match=r"at 5: before\(\) has no place in a feature"):
        Expression("1 + before(2)", stepped=False)


@pytest.mark.parametrize("index", range(len(CASES)))
def test_refused_definitions(index: int, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(CASES[index]["text"])
    assert refusal(path) == f"{path}: {CASES[index]['error']}"


def test_files_that_are_no_definitions(tmp_path: Path) -> None:
    accepted = f"accepted: {', '.join(NAMES)}, or the path of a definition, which ends in .toml"
    assert refusal("tetris") == f"game is 'tetris'; {accepted}"
    assert refusal(tmp_path / "none.toml") == f"{tmp_path / 'none.toml'}: no such file"
    (tmp_path / "sub.toml").mkdir()
    assert refusal(tmp_path / "sub.toml") == f"{tmp_path / 'sub.toml'}: cannot be read"
    path = tmp_path / "bytes.toml"
    path.write_bytes(b"name = '\xff'")
    assert refusal(path) == f"{path}: not UTF-8; accepted: a TOML file"
    path = tmp_path / "broken.toml"
    path.write_bytes(b"name = 'x'\nrom = \n")
    assert refusal(path) == f"{path}: not TOML, line 2"
    path = tmp_path / "deep.toml"
    path.write_text("features = " + "[" * 100_000)
    assert refusal(path) == f"{path}: not TOML, line 1"


def test_another_rom_is_refused(tmp_path: Path) -> None:
    orchard = open_definition("orchard")
    assert len(read_rom(orchard, "")) == 0x8000
    path = tmp_path / "other.gb"
    path.write_bytes(b"\1\2\3")
    with pytest.raises(ValueError, match=f"^{path} has the SHA-256 [0-9a-f]{{64}}; accepted: "):
        read_rom(orchard, str(path))
    with pytest.raises(ValueError, match=r"none\.gb: no such file$"):
        read_rom(orchard, str(tmp_path / "none.gb"))


def test_the_crate_has_the_same_files() -> None:
    """The libraries do not read the references: they carry copies."""
    ours = {path.name: path.read_bytes() for path in GAMES.glob("*.toml")}
    ours["orchard.gb"] = (ROMS / "orchard.gb").read_bytes()
    theirs = {path.name: path.read_bytes() for path in (CRATE / "games").iterdir()}
    assert sorted(ours) == sorted(theirs)
    for name, text in ours.items():
        assert text == theirs[name], f"copy references/gameboy's {name} to {CRATE / 'games'}"
    assert {f"{name}.toml" for name in NAMES} | {"orchard.gb"} == set(ours)


@pytest.mark.parametrize("name", NAMES)
def test_the_spec_follows_the_definition(name: str) -> None:
    game = open_definition(name)
    params = SPEC.check_params({"game": name})
    action = SPEC.action(params)
    assert isinstance(action, DiscreteAction) and action.n == len(game.actions)
    assert game.name == name and len(set(game.actions)) == action.n
    shapes = [(144, 160), (72, 80), (144, 40), (18, 20)]
    for kind, shape in enumerate(shapes):
        assert SPEC.under({"game": name, "observation": kind}).obs.shape == shape
    if game.features:
        obs = SPEC.under({"game": name, "observation": 4}).obs
        assert obs.shape == (len(game.features),) and len(set(obs.names)) == len(obs.names)


def test_features_of_a_game_without_any(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    digest = "0" * 64
    path.write_text(f"name='x'\nrom='x.gb'\nsha256='{digest}'\nstep.actions=['']\n")
    with pytest.raises(ValueError) as error:
        SPEC.under({"game": str(path), "observation": 4})
    line = "observation is 4; accepted: 0 to 3, for x defines no features"
    assert str(error.value) == line
    assert SPEC.under({"game": str(path), "observation": 3}).obs.dtype == "u1"
