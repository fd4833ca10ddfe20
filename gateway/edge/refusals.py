"""What the listener refuses by itself, before there is a request that the pipeline could judge."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from http import HTTPStatus
from itertools import islice
from secrets import token_hex
from typing import Any, Final

from gateway.edge.viewer import viewer_of_lines
from gateway.events import ClientRefused
from gateway.http_semantics import METHODS, HeaderLine
from gateway.model import Viewer
from gateway.responses import Response

# A page for the reason, status and header lines of a request that is refused, its viewer and its id; None for no
# page.
WirePage = Callable[[str, int, Iterable[HeaderLine], Viewer, str], Response | None]
ADMITTED: Final = "toegangspoort.admitted"
"""Where a scope has the id of its request, once the application has admitted it: from then on it has a record of its own."""
REFUSED: Final = "toegangspoort.refused"
"""Where a scope says how the listener answered, where it refused a request after its head: a ClientRefused."""

_LINE = re.compile(rb"([!#-'*+.^`|~\w-]{1,64}):[ \t]*([^\r]*)")

_TOO_MUCH = (
    "Your browser sends too much along: remove the cookies of this site and try again.\n"
    "Uw browser stuurt te veel mee: verwijder de cookies van deze site en probeer het opnieuw."
)
_COOKIE_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
# What a browser keeps for one site is less than twice as many.
_MOST_COOKIES = 100
# With what is no cookie, and what has a name that came before.
_MOST_LOOKED_AT = 400
_TOO_BUSY = (
    "Too many connections. Please try again in a moment.\n"
    "Er zijn te veel verbindingen. Probeer het over enkele ogenblikken opnieuw."
)

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
_EXTRA = {
    "connect": f"allow: {', '.join(sorted(METHODS))}\r\n",
    "connections": "retry-after: 5\r\n",
    "connections-of-client": "retry-after: 5\r\n",
}


class Refused(Exception):
    """The client's octets are not, or do not become, a request. Carries the reason, and header lines for the answer."""

    def __init__(self, reason: str, extra: bytes = b"") -> None:
        super().__init__(reason)
        self.reason = reason
        self.extra = extra


class Refusals:
    """Counts by reason what the listener refused, and makes the answers; `on_refused` is called for each.

    Besides the reasons with an answer there are "answer-not-read" (a client that stopped reading, closed),
    "idle-for-room" (an idle connection, closed in favour of a new one) and "connections-too-fast" (in a flood of new
    connections an answer would cost more than it helps). `page` makes pages for browsers.
    """

    def __init__(
        self,
        on_refused: Callable[[ClientRefused], None] = lambda _event: None,
        page: WirePage = lambda _reason, _status, _lines, _viewer, _id: None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._page = page
        self._on_refused = on_refused

    def answered(self, reason: str) -> bool:
        """Whether there is an answer for this reason."""
        return reason in _ANSWERS

    def count(self, reason: str) -> None:
        """Count what gets no answer."""
        self._happened(ClientRefused(reason))

    def answer(
        self,
        reason: str,
        head: bytes = b"",
        *,
        client: str = "",
        scope: dict[str, Any] | None = None,
        extra: bytes = b"",
    ) -> bytes:
        """Count, and the whole answer for a reason: a page where the head of the request asks for one. See `refusal`.

        `client` is the address of the connection, `scope` what was asked where that could be read: it learns of this.
        """
        admitted: str | None = scope.get(ADMITTED) if scope is not None else None
        request_id, status = admitted or token_hex(16), _ANSWERS[reason][0]
        extra = b"x-request-id: %b\r\n%b" % (request_id.encode("ascii"), extra)
        page: Response | None = None
        viewer: Viewer = "script"
        if head and not head.startswith(b"HEAD "):
            found = filter(None, map(_LINE.match, head.split(b"\n")))
            lines = [(line[1].lower(), line[2]) for line in found]
            viewer = viewer_of_lines(lines)
            page = self._page(reason, status, lines, viewer, request_id)
        language = page.headers.get("content-language", "") if page is not None else ""
        event = ClientRefused(
            reason,
            status,
            request_id,
            client,
            viewer=viewer if page is not None else "script",
            language=language,
            admitted=admitted is not None,
        )
        if scope is not None:
            scope[REFUSED] = event
        self._happened(replace(event, head=head, scope=scope))
        return refusal(reason, extra=extra) if page is None else _with_page(page, reason, extra)

    def _happened(self, event: ClientRefused) -> None:
        self.counts[event.reason] += 1
        self._on_refused(event)


def _with_page(page: Response, reason: str, extra: bytes) -> bytes:
    lines = b"".join(b"%b: %b\r\n" % line for line in page.raw_headers)
    status = page.status_code
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{_EXTRA.get(reason, '')}connection: close\r\n"
    return head.encode() + lines + extra + b"\r\n" + bytes(page.body)


def too_large(head: bytes | bytearray) -> Refused:
    """The refusal of a head that is too large, as far as it arrived.

    Cookies that are too large lock their owner out for good: this host's are removed, by name, where cookies alone take
    most of the limit. Otherwise a long link on any page would log its reader out. `Clear-Site-Data` would empty the
    cookies of the whole registrable domain, with every other application there.
    """
    lines = bytes(head).split(b"\r\n")
    cookies = [line[7:] for line in lines if line[:7].lower() == b"cookie:"]
    if sum(map(len, cookies)) > len(head) / 2:
        return Refused("cookies-too-large", b"".join(map(_removed, _names(cookies))))
    return Refused("target-too-long" if len(lines[0]) > len(head) / 2 else "head-too-large")


def _names(cookies: Iterable[bytes]) -> list[bytes]:
    found: dict[bytes, None] = {}
    pieces = (piece for line in cookies for piece in line.split(b";", _MOST_LOOKED_AT))
    for piece in islice(pieces, _MOST_LOOKED_AT):
        name = piece.partition(b"=")[0].strip(b" \t")
        if _COOKIE_NAME.fullmatch(name):
            found[name] = None
            if len(found) == _MOST_COOKIES:
                break
    return list(found)


def _removed(name: bytes) -> bytes:
    secure = b"; Secure" if name.lower().startswith((b"__host-", b"__secure-")) else b""
    return b"set-cookie: %b=; Max-Age=0; Path=/%b\r\n" % (name, secure)


def refusal(reason: str, *, extra: bytes = b"") -> bytes:
    """The whole answer for a reason, after which the connection is closed; `extra` are further header lines."""
    status, words = _ANSWERS[reason]
    body = words.encode() + b"\n"
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
        f"content-length: {len(body)}\r\ncache-control: no-store\r\n{_EXTRA.get(reason, '')}connection: close\r\n"
    )
    return head.encode() + extra + b"\r\n" + body
