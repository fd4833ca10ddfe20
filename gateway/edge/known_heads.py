"""What is known of the heads of requests that came before."""

from __future__ import annotations

from typing import Final

from gateway.caching.known_lines import KnownLines

PASSING: Final = (b"referer", b"if-none-match", b"if-modified-since")
"""Names of lines that often differ from one request to the next and say nothing to admission."""


def known_heads() -> KnownLines:
    """Makes the known heads of one listener. A block has all octets after the request line, from its line end on."""
    return KnownLines(PASSING)
