"""Packed state rows: a versioned header, then the fields of STATE, little-endian, no padding.

The same bytes in every implementation, so that a state moves between them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import DTypeLike

Field = tuple[str, str, tuple[int, ...]]
"""Name, dtype as NumPy writes it ("f4", "u1"), shape."""

HEADER: tuple[Field, ...] = (
    ("layout", "u4", ()),  # identifies environment, version and layout
    ("root", "u4", (2,)),  # the batch's root key
    ("env_index", "u4", ()),  # global index in the batch
    ("episode", "u4", ()),  # episodes count from 0
    ("t", "u4", ()),  # steps taken in this episode; 0 after a reset
)


LAST_T = 2**32 - 2
"""The `t` of a state that can still be stepped: one more and it wraps around to a reset's."""


@dataclass(frozen=True)
class Layout:
    """The packed row of one version of an environment."""

    name: str
    version: int
    layout_id: int
    state: tuple[Field, ...]

    @classmethod
    def of(cls, name: str, consts: ModuleType) -> Layout:
        """The layout that a generated `consts.py` declares."""
        return cls(name, consts.VERSION, consts.LAYOUT_ID, consts.STATE)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The header's fields and STATE's."""
        return (*HEADER, *self.state)

    @property
    def row_dtype(self) -> np.dtype[np.void]:
        """A row as NumPy sees it."""
        return np.dtype([(name, "<" + dtype, shape) for name, dtype, shape in self.fields])

    @property
    def state_bytes(self) -> int:
        """Bytes of a row."""
        return self.row_dtype.itemsize


def pack(layout: Layout, columns: dict[str, jax.Array]) -> jax.Array:
    """Fields (N, *shape) by name as (N, state_bytes) u8 rows; traceable."""
    return jnp.concatenate(
        [_to_bytes(columns[name], np.dtype(dtype)) for name, dtype, _ in layout.fields], axis=1
    )


def unpack(
    layout: Layout, view: np.ndarray, held: Mapping[str, np.dtype[Any]]
) -> dict[str, jax.Array]:
    """Rows on the host as fields (N, *shape) by name.

    Args:
        layout: of the rows.
        view: (N,) from `check_rows`.
        held: the dtypes in which the environment holds STATE's fields. What rows carry in f8 and
            the environment in f4 is rounded to the nearest, in a tie to the even one.

    Raises:
        ValueError: naming the first number that is finite, and too large for its f4.
    """
    columns = {}
    for name, dtype, _ in layout.fields:
        column = view[name]
        if dtype == "f8" and held[name] == np.float32:
            column = _rounded(name, column)
        elif np.dtype(dtype) == np.bool_:
            column = column.view(np.uint8) != 0
        columns[name] = jnp.asarray(column)
    return columns


def _rounded(name: str, column: np.ndarray) -> np.ndarray:
    """(N, ...) f64 as f32."""
    with np.errstate(over="ignore"):
        rounded = column.astype(np.float32)
    lost = np.isinf(rounded) & np.isfinite(column)
    if lost.any():
        where = tuple(np.argwhere(lost)[0])
        raise ValueError(
            f"state row {where[0]}: {name} is {column[where]}; it is computed in float32, "
            f"accepted: numbers up to {np.finfo(np.float32).max}"
        )
    return rounded


def check_rows(layout: Layout, rows: Any) -> np.ndarray:
    """Rows on the host as a structured array (N,).

    Raises:
        ValueError: for rows of another size or layout.
    """
    rows = np.asarray(rows)
    if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != layout.state_bytes:
        raise ValueError(
            f"state rows are {rows.dtype} {rows.shape}; "
            f"{layout.name} takes uint8 (N, {layout.state_bytes})"
        )
    view = np.ascontiguousarray(rows).view(layout.row_dtype)[:, 0]
    wrong = view["layout"] != layout.layout_id
    if wrong.any():
        index = int(wrong.argmax())
        raise ValueError(
            f"state row {index} has layout {int(view['layout'][index]):#010x}; "
            f"{layout.name} version {layout.version} has {layout.layout_id:#010x}"
        )
    return view


def check_states(
    layout: Layout,
    view: np.ndarray,
    check_state: Callable[[Mapping[str, np.ndarray]], None],
) -> None:
    """Refuse rows (N,) whose states cannot exist, or cannot go on.

    Args:
        layout: of the rows.
        view: from `check_rows`.
        check_state: the environment's, of fields (N, *shape); it judges each row by itself.

    Raises:
        ValueError: naming the first such row.
    """
    late = view["t"] > LAST_T
    if late.any():
        index = int(late.argmax())
        raise ValueError(f"state row {index}: t is {view['t'][index]}; accepted: 0 to {LAST_T}")

    def refusal(rows: np.ndarray) -> ValueError | None:
        try:
            check_state({name: rows[name] for name, _, _ in layout.state})
        except ValueError as error:
            return error
        return None

    if refusal(view) is None:
        return
    good, bad = 0, len(view)  # the first `good` rows pass, the first `bad` do not
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if refusal(view[:middle]) is None else (good, middle)
    raise ValueError(f"state row {good}: {refusal(view[good : good + 1])}")


def check_indices(indices: Sequence[int], num_envs: int) -> np.ndarray:
    """Indices of distinct instances of a batch, as (K,) i32.

    Raises:
        ValueError: naming an index that is out of range or given twice.
    """
    chosen = np.asarray(indices)
    if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "iu"):
        raise ValueError(f"indices are {chosen.dtype} {chosen.shape}; accepted: a list of integers")
    for index in chosen:
        if not 0 <= index < num_envs:
            raise ValueError(f"index {index} is out of range; accepted: 0 to {num_envs - 1}")
    if len(set(chosen.tolist())) != len(chosen):
        raise ValueError("an index is given twice; accepted: distinct indices")
    return chosen.astype(np.int32)


def is_representable(dtype: DTypeLike) -> bool:
    """Whether JAX has this dtype as it is set now: without jax_enable_x64 it halves 8 bytes."""
    return bool(jax.dtypes.canonicalize_dtype(dtype) == np.dtype(dtype))


def check_representable(layout: Layout) -> None:
    """Refuse 8-byte integers while JAX would silently halve them. An f8 may be held as f4.

    Raises:
        ValueError: naming the field and the setting that it needs.
    """
    for name, dtype, _ in layout.state:
        if np.dtype(dtype).kind != "f" and not is_representable(dtype):
            raise ValueError(
                f"{layout.name}'s {name} is {dtype}; set jax.config.jax_enable_x64 to True first"
            )


def _to_bytes(column: jax.Array, dtype: np.dtype[Any]) -> jax.Array:
    """(N, ...) of any dtype as (N, bytes) u8."""
    if dtype == np.float64 and column.dtype == jnp.float32:
        column = _widened(column)
    elif dtype == np.bool_:
        column = column.astype(jnp.uint8)
    else:
        column = column.astype(dtype)
    if column.dtype != jnp.uint8:
        column = jax.lax.bitcast_convert_type(column, jnp.uint8)
    return column.reshape(column.shape[0], -1)


def _widened(column: jax.Array) -> jax.Array:
    """(N, ...) f32 as the bits of the equal f64, (N, ..., 2) u32, the low word first.

    In integers, so that it needs no f64 of JAX's, and is exact for every f32: zeros keep their
    signs, NaN their payloads, and subnormal numbers are not flushed to zero.
    """
    bits = jax.lax.bitcast_convert_type(column, jnp.uint32)
    sign, exponent, fraction = bits >> 31 << 31, (bits >> 23) & 0xFF, bits & 0x7F_FFFF
    # A subnormal f32 is a normal f64: its highest one, at `top`, becomes the implicit one.
    top = 31 - jax.lax.clz(fraction)
    subnormal = (exponent == 0) & (fraction != 0)
    fraction = jnp.where(subnormal, (fraction << ((23 - top) & 31)) & 0x7F_FFFF, fraction)
    rebiased = jnp.where(subnormal, top + (1023 - 149), exponent + (1023 - 127))
    rebiased = jnp.where(exponent == 0xFF, jnp.uint32(0x7FF), rebiased)
    rebiased = jnp.where((exponent == 0) & ~subnormal, jnp.uint32(0), rebiased)
    high = sign | rebiased << 20 | fraction >> 3
    return jnp.stack([fraction << 29, high], axis=-1)
