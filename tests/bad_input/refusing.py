"""What every refusal has to be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


def assert_refused(call: Callable[[], Any], kind: type[Exception], message: str) -> None:
    """`call` raises exactly this, in one line."""
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    assert str(caught.value) == message
    assert "\n" not in message
