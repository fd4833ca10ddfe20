"""The tag of the session bar in the register's pages, where an environment asks for that."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.exchange import Exchange
from gateway.http_semantics import HeaderLine
from gateway.model import CanonicalRequest
from gateway.pages.bar import SCRIPT
from gateway.pages.insertion import Insertion
from gateway.pages.settings import SessionBarSettings
from gateway.pipeline.forward import Forward
from gateway.responses import Message, Send
from gateway.upstream.connection import UpstreamConnection
from gateway.upstream.forward import WholeResponse
from gateway.upstream.request import UpstreamRequest
from gateway.upstream.response import UpstreamResponse

_TAG: Final = f'<script src="{SCRIPT}" defer></script>'.encode("ascii")
_CODINGS: Final = re.compile(rb"(?m)^accept-encoding: .*\r\n")
_PLAIN: Final = b"accept-encoding: identity\r\n"
# Of the answer as the register made it; its parts are not those of the answer with the tag (RFC 9110 14, RFC 9530).
_UNTRUE: Final = frozenset(
    b"content-length accept-ranges content-digest repr-digest digest content-md5".split()
)
_FORBIDS: Final[Mapping[bytes, Callable[[bytes], bool]]] = {
    b"cache-control": lambda value: b"no-transform" in value,  # RFC 9111 section 5.2.2.6
    b"content-disposition": lambda value: not value.startswith(b"inline"),
    b"content-encoding": lambda value: value not in (b"", b"identity"),
}
_VARY: Final = (b"vary", b"sec-fetch-dest")
_SAYS: Final = frozenset(
    b"accept range sec-fetch-dest sec-fetch-mode upgrade-insecure-requests x-requested-with".split()
)
_WIDE: Final = re.compile(rb"charset\s*=\s*[\"']?\s*(?:utf-?(?:16|32|7)|ucs-|iso-10646|(?:cs)?unicode)")
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class ForwardWithBar(Forward):
    """Forward, with the tag in each page that a person goes to in a window of its own."""

    def request(self, exchange: Exchange) -> UpstreamRequest:
        """As of Forward; the register is asked for a page that is not compressed."""
        request = Forward.request(self, exchange)
        if not _shows_page(exchange.admitted):
            return request
        return request._replace(lines=_CODINGS.sub(b"", request.lines) + _PLAIN)

    def take_whole(self, exchange: Exchange, connection: UpstreamConnection) -> WholeResponse | None:
        """As of Forward, with the tag."""
        whole = Forward.take_whole(self, exchange, connection)
        if whole is None or not _takes_tag(exchange.admitted, whole.status, whole.headers):
            return whole
        body = Insertion(_TAG)(whole.body, last=True)
        headers = [*_changed(whole.headers), (b"content-length", b"%d" % len(body))]
        return WholeResponse(whole.status, headers, body)

    def _send(self, exchange: Exchange, response: UpstreamResponse) -> Send:
        if not _takes_tag(exchange.admitted, response.status, response.headers):
            return exchange.send
        response.headers = _changed(response.headers)
        insert = Insertion(_TAG)

        async def send(message: Message) -> None:
            if message["type"] == "http.response.body":
                more = message["more_body"]
                body = insert(message["body"], last=not more)
                if more and not body:
                    return
                message = {**message, "body": body}
            await exchange.send(message)

        return send


def _shows_page(request: CanonicalRequest) -> bool:
    """Whether a window of its own shows the answer, as far as the browser says; a frame's page has no bar."""
    if request.method not in ("GET", "POST") or request.websocket is not None:
        return False
    said = {name: value for name, value in request.headers if name in _SAYS}
    if (
        b"range" in said
        or b"x-requested-with" in said
        or b"text/html" not in said.get(b"accept", b"").lower()
    ):
        return False
    mode, destination = said.get(b"sec-fetch-mode"), said.get(b"sec-fetch-dest", b"document")
    # A service worker that passes a navigation on makes a request of its own of it.
    passed_on = b"upgrade-insecure-requests" in said and destination == b"empty"
    return mode is None or passed_on or (mode == b"navigate" and destination in (b"document", b"empty"))


def _takes_tag(request: CanonicalRequest, status: int, headers: Sequence[HeaderLine]) -> bool:
    """Whether this answer is a whole HTML document that may be changed, in a charset that ASCII is part of."""
    if status != _OK or not _shows_page(request):
        return False
    if any(name in _FORBIDS and _FORBIDS[name](value.strip().lower()) for name, value in headers):
        return False
    kind = next((value.lower() for name, value in headers if name == b"content-type"), b"")
    media_type, _, parameters = kind.partition(b";")
    return media_type.strip() == b"text/html" and _WIDE.search(parameters) is None


def _changed(headers: Sequence[HeaderLine]) -> Sequence[HeaderLine]:
    """The headers of the answer with the tag in it: its validator is a weak one (RFC 9110 section 8.8.1)."""
    kept = [line for line in headers if line[0] not in _UNTRUE]
    weak = [
        (name, b"W/" + value) if name == b"etag" and not value.startswith(b"W/") else (name, value)
        for name, value in kept
    ]
    return [*weak, _VARY]


def forward_stage(bar: SessionBarSettings | None) -> type[Forward]:
    """What forwards requests where these are the settings of the bar."""
    return ForwardWithBar if bar is not None and bar.inject else Forward
