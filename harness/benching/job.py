"""What a worker is asked to measure, and what a runner must offer."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Protocol

CHUNK = 64
"""Steps whose actions are drawn beforehand; a measurement goes through them again and again."""

PRECISION = "f32"
"""Of an environment's numbers, where nothing else is said."""


@dataclass(frozen=True)
class Job:
    """One thing to measure: an implementation at a batch size and a number of threads."""

    env: str
    impl: str
    factory: str
    """"module:callable", given this job, returning a Runner."""
    batch: int
    threads: int
    kind: str = "random"
    variant: str = "default"
    params: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    """Of kind "ppo": `parameters` and `layers` of the network, and `num_steps` of an update."""
    seed: int = 0
    cores: tuple[int, ...] = ()
    """Cores that the process is confined to; empty for no limit."""
    environment: tuple[tuple[str, str], ...] = ()
    """Environment variables that the process is started with."""

    def to_json(self) -> dict[str, Any]:
        """As plain data for the pipe."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Job:
        """The inverse of to_json."""
        environment = tuple((name, value) for name, value in data["environment"])
        return cls(**{**data, "cores": tuple(data["cores"]), "environment": environment})


class Ready(NamedTuple):
    """What a runner says of itself once it is built, compiled and checked."""

    batch: int  # instances that one step steps
    check: str  # "ok: 1a2b3c4d", "error <= 1e-5", or "not comparable: REASON"
    build: str  # "release" or "debug"
    compile_s: float  # seconds of compilation, 0 where nothing is compiled at run time
    frame_skip: int
    note: str = ""  # what a reader of the table must know
    precision: str = PRECISION  # "f32" or "f64"
    training: dict[str, Any] | None = None  # of kind "ppo": its network, and how it learns


class Runner(Protocol):
    """An implementation under measurement, inside a worker."""

    def prepare(self, expected: str) -> Ready:
        """Build, compile, check and warm up.

        Args:
            expected: file with the reference's trace, see trace.py.

        Raises:
            CheckFailed: where outputs differ from the reference's.
            Unavailable: where something is not installed.
            Refused: where measuring would mislead.
        """

    def measure(self, seconds: float) -> tuple[int, float]:
        """Step for at least that long: environment steps taken and seconds used."""

    def close(self) -> None:
        """Release what is held."""


class Split(Protocol):
    """What a runner of kind "ppo" offers beside."""

    def split(self) -> dict[str, float]:
        """Seconds of one update by part, as a mean over what was measured."""


class CheckFailed(Exception):
    """What differs from the reference, in one line."""


class Refused(Exception):
    """Why a measurement would mislead, and what to do, in one line."""
