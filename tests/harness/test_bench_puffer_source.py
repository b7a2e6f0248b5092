"""Where PufferLib's source or a compiler cannot be had, one line says so."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from harness.baselines import Unavailable, cache, puffer_source


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAMESTEP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Pip sees an empty folder instead of an index."""
    (tmp_path / "nothing").mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing"))


def reason() -> str:
    with pytest.raises(Unavailable) as error:
        puffer_source.binding()
    said = str(error.value)
    assert "\n" not in said
    return said


@pytest.mark.usefixtures("offline")
def test_no_network(empty_cache: Path) -> None:
    pytest.importorskip("pip")
    said = reason()
    assert said.startswith("fetching pufferlib==3.0.0 with pip failed (ERROR: No matching")
    assert said.endswith("it needs the network once")
    assert [path.name for path in empty_cache.iterdir()] == ["pufferlib.lock"]  # nothing half done


@pytest.mark.usefixtures("empty_cache")
def test_an_archive_of_another_hash_is_refused(
    tmp_path: Path, offline: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pip")
    (tmp_path / "nothing" / "pufferlib-3.0.0.tar.gz").write_bytes(b"something else")
    said = reason()
    assert "pip failed" in said
    assert not list(cache.cache_dir().glob("pufferlib-3*"))


@pytest.mark.usefixtures("empty_cache")
def test_no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pip", None)
    assert reason() == "fetching pufferlib==3.0.0 needs pip: run `python -m ensurepip`"


def test_an_unwritable_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SAMESTEP_CACHE", str(tmp_path / "file"))
    assert reason().startswith(f"cannot write the cache {tmp_path / 'file'}: ")


def test_another_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert reason() == "PufferLib's source distribution carries raylib for x86-64 Linux alone"


@pytest.fixture
def fetched(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The source, in a cache of this test's own where nothing is compiled yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SAMESTEP_CACHE")
        try:
            there = puffer_source.source()
        except Unavailable as why:
            pytest.skip(f"PufferLib's source cannot be had: {why}")
    return Path(shutil.copytree(there, empty_cache / there.name))


@pytest.mark.usefixtures("fetched")
def test_no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CC", "no-such-compiler")
    assert reason() == "no C compiler: install gcc or clang, or set CC"


def test_a_compiler_that_fails(fetched: Path) -> None:
    (fetched / "pufferlib/ocean/pong/pong.h").write_text("#error broken\n")
    assert reason().startswith("compiling binding.c failed: ")
    assert not list(fetched.parent.glob("compiled/*/*"))  # nothing half done


def test_a_library_is_compiled_once(fetched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = puffer_source.binding()
    made = first.stat().st_mtime_ns
    assert puffer_source.binding() == first
    assert first.stat().st_mtime_ns == made
