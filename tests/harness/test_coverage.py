"""`harness coverage`: what was not reached is found, and each reason is held to its line."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import coverage, registry
from harness.__main__ import main
from harness.covering import lines, playing, unreached
from harness.covering.unreached import Reason, Unreached
from harness.errors import UserError
from harness.proof_hash import ROOT
from harness.registry import Variant
from harness.verifying.rollout import Plan

SOURCE = """fn f(x: u8) -> bool {
    if x > 3 {
        return false;
    }
    if x > 2 {
        return false;
    }
    true
}
"""
LCOV = """SF:/somewhere/src/f.rs
FN:1,f
DA:1,5
DA:2,5
DA:3,0
DA:5,5
DA:6,0
DA:8,5
end_of_record
SF:/somewhere/src/g.rs
DA:1,0
end_of_record
"""
SOURCES = {"f.rs": SOURCE, "g.rs": "fn g() {}"}


def reason(text: str, file: str = "f.rs") -> Reason:
    return Reason(file, tuple(text.split("\n")), "why")


def explained(*reasons: Reason) -> tuple[list[Unreached], list[str]]:
    return unreached.explain(lines.parse(LCOV), SOURCES, list(reasons))


def test_lines_are_counted_by_file() -> None:
    found = lines.parse(LCOV)
    assert found["f.rs"] == {1: 5, 2: 5, 3: 0, 5: 5, 6: 0, 8: 5}
    assert coverage.totals(found) == [("f.rs", 4, 6), ("g.rs", 0, 1)]


def test_a_line_without_a_reason_fails() -> None:
    missed, wrong = explained(reason("if x > 3 {\nreturn false;"), reason("fn g() {}", "g.rs"))
    assert [(line.file, line.number, line.why) for line in missed] == [
        ("f.rs", 3, "why"),
        ("f.rs", 6, ""),
        ("g.rs", 1, "why"),
    ]
    assert missed[1].text == "return false;"
    assert not wrong
    assert coverage.report(lines.parse(LCOV), missed, wrong) == 1


def test_all_reasons_given(capsys: pytest.CaptureFixture[str]) -> None:
    missed, wrong = explained(
        reason("if x > 3 {\nreturn false;"),
        reason("if x > 2 {\nreturn false;"),
        reason("fn g() {}", "g.rs"),
    )
    assert coverage.report(lines.parse(LCOV), missed, wrong) == 0
    shown = capsys.readouterr().out
    assert "f.rs:3: return false;" in shown and "57.1 %" in shown


@pytest.mark.parametrize(
    ("stale", "message"),
    [
        (reason("return true;"), "f.rs: 'return true;' stands 0 times; accepted: once"),
        (reason("return false;"), "f.rs: 'return false;' stands 2 times; accepted: once"),
        (reason("true\n}"), "f.rs: 'true' is reached, and needs no reason"),
        (reason("fn h() {}", "h.rs"), "h.rs: 'fn h() {}' stands 0 times; accepted: once"),
    ],
)
def test_a_stale_reason_fails(stale: Reason, message: str) -> None:
    missed, wrong = explained(stale)
    assert wrong == [message]
    assert coverage.report({}, [], wrong) == 1
    assert not any(line.why for line in missed)


def test_reasons_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "unreached.toml"
    assert unreached.read(path) == []
    path.write_text('[[line]]\nfile = "f.rs"\ntext = """\n  a\n    b"""\nwhy = "so\\n it is"\n')
    assert unreached.read(path) == [Reason("f.rs", ("a", "b"), "so it is")]
    path.write_text('[[line]]\nfile = "f.rs"\ntext = "a"\n')
    with pytest.raises(UserError, match="entry 1 lacks file, why, or one of text and items"):
        unreached.read(path)


def test_an_item_stands_for_all_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "unreached.toml"
    path.write_text('[[line]]\nfile = "f.rs"\nitems = ["fn f(", "if x > 2"]\nwhy = "so"\n')
    whole, branch = unreached.read(path)
    assert whole.places(SOURCE.splitlines()) == [range(1, 10)]
    assert branch.places(SOURCE.splitlines()) == [range(5, 8)]
    missed, wrong = explained(branch)
    assert [line.why for line in missed] == ["", "so", ""] and not wrong


@pytest.mark.parametrize("name", registry.names())
def test_every_reason_stands_where_it_says(name: str) -> None:
    entry = registry.get(name)
    crate = ROOT / str(entry.extra.get("crate", f"backends/rust/envs/{name}")) / "src"
    for one in unreached.read(ROOT / entry.tests / "unreached.toml"):
        source = (crate / one.file).read_text().splitlines()
        assert len(one.places(source)) == 1, f"{one.file}: {one.text}"


class Replayed:
    """What a log needs of a batch."""

    num_envs = 2
    spec: Any = None

    def step(self, actions: np.ndarray) -> None:
        """Nothing."""

    def export_state(self) -> np.ndarray:
        return np.arange(6, dtype=np.uint8).reshape(2, 3)


def test_a_logs_bytes() -> None:
    recorder = playing.Recorder(Replayed())  # type: ignore[arg-type]
    for actions in ([[6, 0], [7, 9]], [[1, 2], [3, 4]], [[5, 5], [0, 0]]):
        recorder.step(np.array(actions, np.int32))
    variant = Variant("some", {"format": 1, "wide": True, "max_episode_steps": 40})
    content = playing.packed(variant, Plan(2, seed=(1 << 32) + 3), recorder)
    text = b"int format 1\nbool wide True\n"
    head = struct.pack("<8s5IQ", b"SSACTION", 2, 40, 2, 3, len(text), (1 << 32) + 3)
    assert content == head + text + bytes([6, 0, 7, 9, 1, 2, 3, 4, 5, 5, 0, 0, *range(6)])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--env", "chess"], "chess"),
        (["--env", "pong"], "pong has no examples/replay.rs"),
        (["--env", "pokemon", "--episodes", "none"], "EPISODES is 'none'"),
        (["--env", "pokemon", "--seed", "-1"], "SEED is '-1'"),
        (["--env", "pokemon", "--seed", str(2**64)], "SEED is '18446744073709551616'"),
    ],
)
def test_wrong_input_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["coverage", *arguments]) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1
