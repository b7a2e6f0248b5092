"""What is said where PyBoy's probe cannot be built."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from references.gameboy import building

pytestmark = pytest.mark.l1


def refusal(work: Any) -> str:
    with pytest.raises(building.OracleMissingError) as refused:
        work()
    said = str(refused.value)
    assert "\n" not in said
    return said


def test_another_pyboy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "2.6.0")
    assert refusal(building.check_pyboy) == "PyBoy is 2.6.0; needed: 2.8.1, from make setup"


def test_no_pyboy(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert "PyBoy is missing" in refusal(building.check_pyboy)


def test_no_cython(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "needs Cython" in refusal(building.check_tools)


def test_no_header(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"include": str(tmp_path)})
    assert "needs Python.h" in refusal(building.check_tools)


def test_no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    (tmp_path / "Python.h").touch()
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"include": str(tmp_path)})
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: "no-such-compiler -pthread")
    assert "needs a C compiler (no-such-compiler)" in refusal(building.check_tools)


@pytest.mark.usefixtures("oracle")
def test_a_source_that_does_not_compile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = tmp_path / "probe.pyx"
    source.write_text("cdef int f(:\n")
    monkeypatch.setattr(building, "SOURCE", source)
    path = tmp_path / "built" / "probe.so"
    assert "does not compile" in refusal(lambda: building.build(path))
    assert not path.exists()


def test_a_changed_source_is_built_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = tmp_path / "probe.pyx"
    source.write_text("x = 1\n")
    monkeypatch.setattr(building, "SOURCE", source)
    before = building.probe_path()
    source.write_text("x = 2\n")
    assert building.probe_path() != before
