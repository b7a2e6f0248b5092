"""What `make sanitize` makes of Valgrind's reports, and of a machine without Valgrind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools import sanitize

OURS = "/lib/ours/_core.abi3.so"


def frame(obj: str, function: str = "", line: str = "") -> str:
    named = f"<fn>{function}</fn>" if function else ""
    placed = f"<file>frame.rs</file><line>{line}</line>" if line else ""
    return f"<frame><ip>0x1F</ip><obj>{obj}</obj>{named}{placed}</frame>"


def error(what: str, *stacks: str) -> str:
    traces = "<auxwhat>a block</auxwhat>".join(f"<stack>{stack}</stack>" for stack in stacks)
    return f"<error><kind>InvalidWrite</kind><what>{what}</what>{traces}</error>"


REPORT = "<valgrindoutput>{}</valgrindoutput>".format(
    error("python's", frame("/lib/libpython.so", "eval"))
    + error("another _core's", frame("/lib/numpy/_core.abi3.so"))
    + error("ours", frame("/lib/libc.so", "memcpy"), frame(OURS, "write", "12"))
)


def test_only_errors_through_the_module_count() -> None:
    counted, others = sanitize.read_errors(REPORT, OURS)
    assert others == 2
    assert counted == [
        "ours\n    memcpy (in libc.so)\na block\n    write (frame.rs:12)",
    ]


def test_every_error_of_a_test_binary_counts() -> None:
    counted, others = sanitize.read_errors(REPORT, None)
    assert [text.splitlines()[0] for text in counted] == ["python's", "another _core's", "ours"]
    assert others == 0
    assert "0x1F (in _core.abi3.so)" in counted[1]


def test_a_report_that_was_cut_off_is_no_report() -> None:
    with pytest.raises(sanitize.Broken, match="not whole"):
        sanitize.read_errors(REPORT[:-10], OURS)


FAKE_VALGRIND = f"""#!{sys.executable}
import sys
report = next(word for word in sys.argv if word.startswith("--xml-file="))
open(report.partition("=")[2], "w").write(sys.argv[-2])
sys.exit(int(sys.argv[-1]))
"""


@pytest.mark.parametrize(
    ("report", "status", "failed"),
    [
        ("<valgrindoutput/>", "0", False),
        ("<valgrindoutput/>", "1", True),
        (REPORT, "0", True),
        ("<valgrindoutput>", "0", True),
        ("", "0", True),
    ],
    ids=["clean", "test failed", "error", "cut off", "empty"],
)
def test_what_fails_a_run(
    report: str, status: str, failed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "valgrind"
    program.write_text(FAKE_VALGRIND)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(sanitize, "REPORTS", tmp_path / "reports")
    outcome = sanitize.watch("program", [report, status], (), ours=OURS)
    assert outcome.failed == failed


def test_no_valgrind_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert sanitize.main([]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "sanitize: missing: Valgrind (no `valgrind` on PATH)"


def test_unknown_part_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert sanitize.main(["--parts=tets"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "sanitize: unknown part 'tets'; accepted: tests, module"
