"""How far one request has come on its way to the register."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.http_semantics import Forwarded, HeaderLine


class Progress:
    """Filled in while a request is sent; `forwarded` can be read at any time, also after it failed.

    What counts is what was handed to the connection: the register may have got less, never more. `response_headers` are the
    headers of the response once it has begun.
    """

    __slots__ = ("forwarded", "response_headers")

    def __init__(self, forwarded: Forwarded = "no") -> None:
        self.forwarded: Forwarded = forwarded
        self.response_headers: Sequence[HeaderLine] | None = None
