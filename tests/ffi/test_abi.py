"""The structs that the handlers share with XLA, against the header of the installed jaxlib."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ffi = pytest.importorskip("samestep_rust.ffi", exc_type=ImportError)
import jax  # noqa: E402

from samestep_rust import _core  # noqa: E402

HEADER = Path(jax.ffi.include_dir()) / "xla" / "ffi" / "api" / "c_api.h"


def test_layout_is_the_headers(tmp_path: Path) -> None:
    """Every size, offset and constant, as the C compiler sees them."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler (cc) to read XLA's header with")
    ours = _core.ffi_layout()
    ours["XLA_FFI_API_MINOR"] = 0
    lines = [f'  printf("%s %zu\\n", "{name}", {_expression(name)});' for name in ours]
    source = tmp_path / "layout.c"
    source.write_text(
        f'#include <stdio.h>\n#include "{HEADER}"\nint main(void) {{\n'
        + "\n".join(lines)
        + "\n  return 0;\n}\n"
    )
    program = tmp_path / "layout"
    subprocess.run([compiler, "-o", program, source], check=True, capture_output=True)
    printed = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    theirs = {
        line.rpartition(" ")[0]: int(line.rpartition(" ")[2]) for line in printed.splitlines()
    }
    # Minor versions change nothing of what was there.
    assert theirs["XLA_FFI_API_MINOR"] >= 1
    theirs["XLA_FFI_API_MINOR"] = 0
    assert len(ours) > 50
    assert theirs == ours


def _expression(name: str) -> str:
    kind, *parts = name.split(" ")
    if kind == "sizeof":
        return f"sizeof({parts[0]})"
    if kind == "offsetof":
        return f"offsetof({parts[0]}, {parts[1]})"
    return f"(size_t){kind}"


# What XLA hands over, made by hand: the call frame of `c_api.h` in ctypes' words.


class Args(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("extension_start", ctypes.c_void_p),
        ("size", ctypes.c_int64),
        ("types", ctypes.c_void_p),
        ("args", ctypes.c_void_p),
    ]


class Attrs(ctypes.Structure):
    _fields_ = [*Args._fields_[:4], ("names", ctypes.c_void_p), ("attrs", ctypes.c_void_p)]


class CallFrame(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("extension_start", ctypes.c_void_p),
        ("api", ctypes.c_void_p),
        ("ctx", ctypes.c_void_p),
        ("stage", ctypes.c_int),
        ("args", Args),
        ("rets", Args),
        ("attrs", Attrs),
        ("future", ctypes.c_void_p),
    ]


class ErrorCreateArgs(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("extension_start", ctypes.c_void_p),
        ("message", ctypes.c_char_p),
        ("errc", ctypes.c_int),
    ]


CREATE = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.POINTER(ErrorCreateArgs))


class Api(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("extension_start", ctypes.c_void_p),
        ("version_size", ctypes.c_size_t),
        ("version_extension", ctypes.c_void_p),
        ("major", ctypes.c_int),
        ("minor", ctypes.c_int),
        ("internal_api", ctypes.c_void_p),
        ("error_create", CREATE),
    ]


class Metadata(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("version_size", ctypes.c_size_t),
        ("version_extension", ctypes.c_void_p),
        ("major", ctypes.c_int),
        ("minor", ctypes.c_int),
        ("traits", ctypes.c_uint32),
    ]


class MetadataExtension(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("type", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("metadata", ctypes.POINTER(Metadata)),
    ]


@pytest.fixture(params=sorted(_core.ffi_handlers()))
def handler(request: pytest.FixtureRequest) -> Any:
    return ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.POINTER(CallFrame))(
        _core.ffi_handlers()[request.param]
    )


@pytest.fixture
def frame() -> Iterator[tuple[CallFrame, list[tuple[str, int]]]]:
    """A frame of the full size that holds nothing, and the errors made through its API."""
    errors: list[tuple[str, int]] = []

    def create(args: Any) -> int:
        errors.append((args.contents.message.decode(), args.contents.errc))
        return 1

    keep = CREATE(create)
    api = Api(struct_size=ctypes.sizeof(Api), error_create=keep)
    made = CallFrame(struct_size=ctypes.sizeof(CallFrame), api=ctypes.addressof(api), stage=3)
    yield made, errors
    del keep, api


@pytest.mark.parametrize(
    ("theirs", "answer"),
    [(None, 1), (1, 1), (2, 2), (3, 3), (9, 3)],
    ids=["unsaid", "0.1", "0.2", "0.3", "0.9"],
)
def test_a_handler_tells_its_version(
    handler: Any, frame: Any, theirs: int | None, answer: int
) -> None:
    """Ours, or an older XLA's own; those of jaxlib 0.8 do not say theirs."""
    call, errors = frame
    if theirs is None:
        call.api = None
    else:
        Api.from_address(call.api).minor = theirs
    metadata = Metadata(struct_size=ctypes.sizeof(Metadata), major=-1, minor=-1, traits=77)
    question = MetadataExtension(
        struct_size=ctypes.sizeof(MetadataExtension), type=1, metadata=ctypes.pointer(metadata)
    )
    call.extension_start = ctypes.addressof(question)
    assert handler(ctypes.byref(call)) is None
    assert not errors
    assert (metadata.major, metadata.minor, metadata.traits) == (0, answer, 0)


def test_a_short_frame_is_an_error(handler: Any, frame: Any) -> None:
    call, errors = frame
    call.struct_size = 40
    assert handler(ctypes.byref(call)) == 1
    needed = CallFrame.future.offset
    message = f"XLA's call frame has 40 bytes; accepted: {needed} or more (another jaxlib?)"
    assert errors == [(message, 3)]


def test_an_empty_frame_is_an_error(handler: Any, frame: Any) -> None:
    call, errors = frame
    assert handler(ctypes.byref(call)) == 1
    assert errors == [("the attribute 'env' is missing in XLA's call", 3)]


def test_other_stages_are_none_of_the_handlers_business(handler: Any, frame: Any) -> None:
    call, errors = frame
    call.stage = 0
    assert handler(ctypes.byref(call)) is None
    assert not errors
