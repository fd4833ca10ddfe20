"""What the listener refuses by itself, before there is a request that the pipeline could judge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from http import HTTPStatus

from gateway.http_semantics import METHODS

_TOO_MUCH = (
    "Your browser sends too much along: remove the cookies of this site and try again.\n"
    "Uw browser stuurt te veel mee: verwijder de cookies van deze site en probeer het opnieuw."
)
_TOO_BUSY = "Too many connections. Please try again in a moment."

# By reason: the status and the words of the answer.
_ANSWERS: dict[str, tuple[int, str]] = {
    "malformed": (400, "This is not a valid HTTP request."),
    "incomplete": (400, "The request ended before it was complete."),
    "protocol-change": (400, "This connection cannot change its protocol."),
    "transfer-encoding": (400, "HTTP/1.0 has no Transfer-Encoding."),
    "host": (400, "A request names exactly one host."),
    "connect": (405, "This is not a proxy that opens tunnels."),
    "head-slow": (408, "The request took too long to arrive."),
    "body-slow": (408, "The body of the request took too long to arrive."),
    "target-too-long": (414, "The address is too long."),
    "head-too-large": (431, "The request has too many or too large headers."),
    "cookies-too-large": (431, _TOO_MUCH),
    "chunk-extensions": (431, "The chunk extensions are too large."),
    "connections": (503, _TOO_BUSY),
    "connections-of-client": (503, _TOO_BUSY),
    "http-version": (505, "Only HTTP/1.1 is spoken here."),
}
# Cookies that are too large lock their owner out for ever. Only sent where cookies alone take most of the limit:
# otherwise a long link on any page would log its reader out, here and on the neighbouring sites.
_EXTRA = {
    "connect": f"allow: {', '.join(sorted(METHODS))}\r\n",
    "cookies-too-large": 'clear-site-data: "cookies"\r\n',
    "connections": "retry-after: 5\r\n",
    "connections-of-client": "retry-after: 5\r\n",
}


class Refused(Exception):
    """The client's octets are not, or do not become, a request. Carries the reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refusals:
    """Counts by reason what the listener refused; `on_refused` is called for each.

    Besides the reasons with an answer there are "answer-not-read" (a client that stopped reading, closed) and
    "idle-for-room" (an idle connection, closed in favour of a new one).
    """

    def __init__(self, on_refused: Callable[[str], None] = lambda _reason: None) -> None:
        self.counts: Counter[str] = Counter()
        self._on_refused = on_refused

    def count(self, reason: str) -> None:
        self.counts[reason] += 1
        self._on_refused(reason)


def refusal(reason: str, *, extra: bytes = b"") -> bytes:
    """The whole answer for a reason, after which the connection is closed; `extra` are further header lines."""
    status, words = _ANSWERS[reason]
    body = words.encode() + b"\n"
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
        f"content-length: {len(body)}\r\ncache-control: no-store\r\n{_EXTRA.get(reason, '')}connection: close\r\n"
    )
    return head.encode() + extra + b"\r\n" + body
