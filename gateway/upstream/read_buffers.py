"""Where sockets to the register are read into: one for all connections of a loop, as each read is taken at once."""

from __future__ import annotations

import threading
from typing import Final

_LARGE: Final = 262_144
MOST_OF_BODY: Final = 65_536
_SWITCH: Final = 16_384


class ReadBuffers(threading.local):
    """`large` holds a whole response where it is short; `body` little of one that goes on, as its client may stop reading;
    `switch` still less, of what comes behind the answer 101 and waits for the client.
    """

    def __init__(self) -> None:
        self.large = memoryview(bytearray(_LARGE))
        self.body = self.large[:MOST_OF_BODY]
        self.switch = self.large[:_SWITCH]


BUFFERS: Final = ReadBuffers()
"""Each loop has its own, as each runs in a thread of its own."""
