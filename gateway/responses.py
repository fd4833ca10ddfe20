"""The ASGI types, and the one value for a whole response of the gateway's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from starlette import responses
from starlette.types import Message, Receive, Scope, Send

from gateway.http_semantics import HeaderLine, HeaderLines

__all__ = [
    "Application",
    "Message",
    "Receive",
    "Response",
    "Scope",
    "Send",
    "cookie_lines",
    "json_response",
    "redirect",
]

Application = Callable[[Scope, Receive, Send], Any]

# Own responses are not sniffed, and send no Referer to other sites.
_GUARD = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
)


class Response(responses.Response):
    """A response that nobody may sniff, nor cache unless `cache` says so. `lines` are further header lines; names may repeat."""

    def __init__(
        self,
        content: bytes = b"",
        *,
        status: int = 200,
        media_type: str = "text/plain",
        cache: bytes = b"no-store",
        lines: Iterable[HeaderLine] = (),
    ) -> None:
        super().__init__(content, status, media_type=media_type)
        self.raw_headers.extend(((b"cache-control", cache), *_GUARD, *lines))


def redirect(location: str, set_cookies: Iterable[str] = ()) -> Response:
    """302 to a location that the caller has checked; `set_cookies` are Set-Cookie values."""
    return Response(status=302, lines=((b"location", location.encode("ascii")), *cookie_lines(set_cookies)))


def json_response(content: Any, *, status: int = 200, media_type: str = "application/json") -> Response:
    """A JSON document."""
    return Response(json.dumps(content).encode("ascii"), status=status, media_type=media_type)


def cookie_lines(set_cookies: Iterable[str]) -> HeaderLines:
    """Header lines for these Set-Cookie values."""
    return tuple((b"set-cookie", cookie.encode("ascii")) for cookie in set_cookies)
