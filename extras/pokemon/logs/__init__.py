"""Records of Pokemon battles in a few hundred bytes, and what can be made of them again.

A record is teams, seed and choices. `protocol` plays it in Showdown for its official log, `tell`
makes a text of it, turn by turn and without Node. `python -m extras.pokemon.logs --help`.
"""

from extras.pokemon.logs.battle import Battle, from_key
from extras.pokemon.logs.files import LogError, read, write
from extras.pokemon.logs.recorder import Recorder, with_opponent
from extras.pokemon.logs.replay import Seen, channel, observe, protocol
from extras.pokemon.logs.text import tell

__all__ = [
    "Battle",
    "LogError",
    "Recorder",
    "Seen",
    "channel",
    "from_key",
    "observe",
    "protocol",
    "read",
    "tell",
    "with_opponent",
    "write",
]
