"""How far one request has come on its way to the register."""

from __future__ import annotations

from gateway.http_semantics import Forwarded
from gateway.upstream.response_head import HeaderLines


class Progress:
    """Filled in while a request is sent; `forwarded` can be read at any time, also after it failed.

    What counts is what was handed to the connection: the register may have got less, never more. `answer` has the
    headers of the answer once it has begun.
    """

    __slots__ = ("answer", "forwarded")

    def __init__(self, forwarded: Forwarded = "no") -> None:
        self.forwarded: Forwarded = forwarded
        self.answer: HeaderLines | None = None
