"""`python -m tests.duel`: writes the generated constants of Duel's backends."""

from __future__ import annotations

import sys

from harness import consts
from tests import duel

duel.register()
sys.exit(consts.main(sys.argv[1:]))
