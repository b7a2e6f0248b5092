"""What an environment declares about itself, and what a step returns.

`references/ENV/spec.py` builds one `EnvSpec`. Everything else (the packed state rows, the
generated constants, the conformance suite, the verifier's comparison) follows from it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from references.threefry import Key


class Step(NamedTuple):
    """What one step of one instance returns. With P > 1 players a player axis comes first."""

    obs: np.ndarray  # spec.obs.shape, or (P, *spec.obs.shape)
    reward: np.ndarray  # () of spec.reward_dtype, or (P,)
    terminated: bool  # the rules ended the episode
    truncated: bool  # cut off from outside; never together with `terminated`


@dataclass(frozen=True)
class Field:
    """One named array of a state: `dtype` as NumPy writes it ("f4", "u1"), shape, meaning."""

    name: str
    dtype: str
    shape: tuple[int, ...] = ()
    doc: str = ""


@dataclass(frozen=True)
class Param:
    """A parameter that a user may set: its default (whose type is its type), bounds, meaning."""

    default: bool | int | float | str
    low: float | None = None
    high: float | None = None
    doc: str = ""

    def check(self, name: str, value: Any) -> bool | int | float | str:
        """`value` as this parameter's type.

        Raises:
            ValueError: for another type, or a value that is out of bounds.
        """
        kind = type(self.default)
        names = {bool: "True or False", int: "an integer", float: "a number", str: "a string"}
        accepted = names[kind]
        if self.low is not None and self.high is not None:
            accepted += f" from {self.low} to {self.high}"
        plain = value.item() if isinstance(value, np.generic) else value
        good = isinstance(plain, kind) or (kind is float and isinstance(plain, int))
        if kind is not bool and isinstance(plain, bool):
            good = False
        if good and self.low is not None and not plain >= self.low:
            good = False
        if good and self.high is not None and not plain <= self.high:
            good = False
        if not good:
            raise ValueError(f"{name} is {value!r}; accepted: {accepted}")
        return kind(plain)


@dataclass(frozen=True)
class ObsLayout:
    """One player's observation: dtype, shape, bounds, and a name an element where that helps."""

    dtype: str
    shape: tuple[int, ...]
    low: float
    high: float
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class DiscreteAction:
    """An i32 from 0 to n - 1 (a player)."""

    n: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class BoxAction:
    """A float32 vector (a player), each element in [low, high]."""

    shape: tuple[int, ...]
    low: float
    high: float


ActionLayout = DiscreteAction | BoxAction

HEADER = (
    Field("layout", "u4", (), "identifies environment, version and layout; see layout_id"),
    Field("root", "u4", (2,), "the batch's root key"),
    Field("env_index", "u4", (), "global index in the batch"),
    Field("episode", "u4", (), "episodes count from 0"),
    Field("t", "u4", (), "steps taken in this episode; 0 after a reset"),
)
"""The first bytes of every packed state row, the same for every environment."""

HEADER_BYTES = 24


Constant = int | float | tuple[int, ...] | tuple[float, ...]


@dataclass(frozen=True)
class EnvSpec:
    """One environment: numbers and layouts. Constants are what generated files carry.

    What observations and rewards look like and how many play may depend on parameters; `under`
    gives the spec that holds under given ones. STATE, and with it the packed row, never does.
    """

    name: str
    version: int
    state: tuple[Field, ...]
    obs: ObsLayout
    action: Callable[[Mapping[str, Any]], ActionLayout]
    """The action layout under given parameters."""
    slots: Mapping[str, int]
    """Random draws of a step, by name; each is threefry(env_key, (t, slot))."""
    constants: Mapping[str, Constant]
    params: Mapping[str, Param] = field(default_factory=dict)
    num_players: int = 1
    exact: bool = True
    """Whether backends must equal the reference bit for bit."""
    transfer_margin: float = 0.0
    default_max_episode_steps: int = 0
    reward_dtype: str = "f4"
    """As NumPy writes it: "f4" or "f8"."""
    obs_under: Callable[[Mapping[str, Any]], ObsLayout] | None = None
    """The observation layout under given parameters, where it depends on them."""
    reward_under: Callable[[Mapping[str, Any]], str] | None = None
    """The rewards' dtype under given parameters, where it depends on them."""
    players_under: Callable[[Mapping[str, Any]], int] | None = None
    """The number of players under given parameters, where it depends on them."""

    def under(self, params: Mapping[str, Any]) -> EnvSpec:
        """This spec with the `obs`, `reward_dtype` and `num_players` that hold under `params`.

        The same object for the same parameters; itself where none of them depends on any.

        Raises:
            ValueError: for an unknown name or an unacceptable value.
        """
        checked = self.check_params(params)
        if self.obs_under is None and self.reward_under is None and self.players_under is None:
            return self
        key = tuple(checked.values())
        if key not in self._under:
            obs = self.obs if self.obs_under is None else self.obs_under(checked)
            reward = self.reward_dtype if self.reward_under is None else self.reward_under(checked)
            players = self.num_players
            if self.players_under is not None:
                players = self.players_under(checked)
            self._under[key] = replace(self, obs=obs, reward_dtype=reward, num_players=players)
        return self._under[key]

    @cached_property
    def _under(self) -> dict[tuple[Any, ...], EnvSpec]:
        """What `under` has made, by the values of all parameters in order."""
        return {}

    @cached_property
    def all_params(self) -> dict[str, Param]:
        """The environment's own parameters and the batch driver's."""
        doc = "truncate an episode after this many steps; 0 never does"
        limit = Param(self.default_max_episode_steps, 0, 2**31 - 1, doc)
        return {**self.params, "max_episode_steps": limit}

    def check_params(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters with defaults filled in.

        Raises:
            ValueError: for an unknown name or an unacceptable value.
        """
        unknown = sorted(set(given) - set(self.all_params))
        if unknown:
            accepted = ", ".join(self.all_params)
            raise ValueError(f"{self.name} has no parameter {unknown[0]!r}; accepted: {accepted}")
        return {
            name: param.check(name, given.get(name, param.default))
            for name, param in self.all_params.items()
        }

    @cached_property
    def row_dtype(self) -> np.dtype[np.void]:
        """A packed state row: the header, then STATE, little-endian and without padding."""
        return np.dtype([(f.name, "<" + f.dtype, f.shape) for f in (*HEADER, *self.state)])

    @property
    def state_bytes(self) -> int:
        """Bytes of one packed state row."""
        return self.row_dtype.itemsize

    @cached_property
    def layout_id(self) -> int:
        """CRC-32 of name, version and fields: a row of another layout is refused by it."""
        fields = ";".join(f"{f.name}:{f.dtype}:{f.shape}" for f in (*HEADER, *self.state))
        return zlib.crc32(f"{self.name}/{self.version}/{fields}".encode())

    def unpack(self, rows: np.ndarray) -> np.ndarray:
        """(N, state_bytes) u8 rows as a structured array (N,), a view where possible.

        Raises:
            ValueError: for rows of another size or layout.
        """
        rows = np.asarray(rows)
        if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != self.state_bytes:
            raise ValueError(
                f"state rows are {rows.dtype} {rows.shape}; "
                f"{self.name} takes uint8 (N, {self.state_bytes})"
            )
        view = np.ascontiguousarray(rows).view(self.row_dtype)[:, 0]
        wrong = view["layout"] != self.layout_id
        if wrong.any():
            index = int(wrong.argmax())
            raise ValueError(
                f"state row {index} has layout {int(view['layout'][index]):#010x}; "
                f"{self.name} version {self.version} has {self.layout_id:#010x}"
            )
        return view

    def in_single(self, rows: np.ndarray) -> np.ndarray:
        """(N, state_bytes) u8 rows with the numbers of f8 fields rounded to the nearest f32.

        What a backend in single precision makes of them; one in double holds the result too.
        """
        packed = np.array(rows).view(self.row_dtype)
        for stated in self.state:
            if stated.dtype == "f8":
                packed[stated.name] = packed[stated.name].astype(np.float32)
        return packed.view(np.uint8)


class ReferenceState(Protocol):
    """One instance's state: STATE's fields, and what randomness hangs on."""

    @property
    def key(self) -> Key:
        """The env_key that the episode was reset with."""

    @property
    def t(self) -> int:
        """Steps taken in this episode."""


class Reference(Protocol):
    """One instance's rules, as the class that every `references/ENV/__init__.py` exports.

    `step` leaves the state it is given untouched, so that states can be kept and gone back to.
    """

    spec: EnvSpec
    """As it holds under `params`; see `EnvSpec.under`."""
    params: dict[str, Any]

    def reset(self, key: Key) -> tuple[Any, np.ndarray]:
        """A new episode under `key` (an env_key): its state and first observation."""

    def step(self, state: Any, action: Any) -> tuple[Any, Step]:
        """The next state and what the step returned. Never resets, sets no time limit."""

    def legal(self, state: Any) -> np.ndarray | None:
        """Mask of legal actions, bool (A,) or (P, A); None where actions are continuous."""

    def acting(self, state: Any) -> np.ndarray | None:
        """Which players must choose now, bool (P,); None in single-player environments."""

    def export_fields(self, state: Any) -> dict[str, Any]:
        """STATE's fields by name."""

    def import_fields(self, fields: Mapping[str, Any], key: Key, t: int) -> Any:
        """The state that has these fields.

        Raises:
            ValueError: if no such state can exist.
        """


@runtime_checkable
class ManyReference(Protocol):
    """A reference that does many instances' work in one go, as one whose engine is a process.

    The results are those of the single calls; `references.batch` takes these where they are.
    """

    def step_many(self, states: Sequence[Any], actions: np.ndarray) -> list[tuple[Any, Step]]:
        """`step` of every state; actions is (N,) or (N, P)."""

    def export_many(self, states: Sequence[Any]) -> np.ndarray:
        """STATE as packed rows hold it, without the header: (N, state_bytes - 24) u8."""


@runtime_checkable
class TallyReference(Protocol):
    """A reference that counts what happens, to show what rollouts have reached."""

    def tally(self) -> dict[str, int]:
        """How often each of what it counts has happened since it was made, 0 included."""
