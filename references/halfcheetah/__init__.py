"""HalfCheetah's reference: Gymnasium's HalfCheetah-v5 on MuJoCo itself."""

from references.halfcheetah.spec import SPEC


def __getattr__(name: str) -> object:
    """The class is loaded when asked for: the layouts are of use where MuJoCo is not installed."""
    if name == "HalfCheetah":
        from references.halfcheetah.rules import HalfCheetah

        return HalfCheetah
    raise AttributeError(name)


__all__ = ["SPEC", "HalfCheetah"]
