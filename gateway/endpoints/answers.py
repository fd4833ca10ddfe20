"""What every endpoint needs: the request of a trail, its query, and the usual forms of an answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from gateway.errors import BadRequest, ContentTooLarge, RequestTimeout
from gateway.model import CanonicalRequest
from gateway.pages.render import Answer, answer
from gateway.trail import Receive, Trail
from gateway.upstream.client_stream import ClientGone

_BODY_SECONDS = 30.0


def request_of(trail: Trail) -> CanonicalRequest:
    """The canonical request: an endpoint is only reached with one."""
    if trail.request is None:
        raise BadRequest("an endpoint without a request")
    return trail.request


def query_value(request: CanonicalRequest, name: str) -> str | None:
    """The one value of a query parameter, or None. Raises BadRequest where it stands twice."""
    query = (request.raw_query or b"").decode("latin-1")
    try:
        values = [
            value for key, value in parse_qsl(query, keep_blank_values=True, max_num_fields=50) if key == name
        ]
    except ValueError as problem:
        raise BadRequest("the query has too many parts", code="query") from problem
    if len(values) > 1:
        raise BadRequest(f"the parameter {name} stands twice", code="parameter-repeated")
    return values[0] if values else None


async def whole_body(receive: Receive, most: int) -> bytes:
    """The body of a request. Raises ContentTooLarge, RequestTimeout, or ClientGone where nobody waits any more."""
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while True:
                event = await receive()
                if event["type"] == "http.disconnect":
                    raise ClientGone
                body += event.get("body", b"")
                if len(body) > most:
                    raise ContentTooLarge(f"more than {most} bytes", limit=most)
                if not event.get("more_body", False):
                    return bytes(body)
    except TimeoutError as problem:
        raise RequestTimeout(f"the body took more than {_BODY_SECONDS:g} s") from problem


def redirect(location: str, set_cookies: Iterable[str] = (), *, request: CanonicalRequest) -> Answer:
    """302 to a place that was judged safe, never kept by a cache."""
    cookies = tuple((b"set-cookie", cookie.encode("ascii")) for cookie in set_cookies)
    headers = ((b"location", location.encode("ascii")), *cookies)
    return answer(302, "text/plain; charset=utf-8", b"", headers=headers, method=request.method)


def as_json(
    content: Any, *, request: CanonicalRequest, status: int = 200, kind: str = "application/json"
) -> Answer:
    """A JSON document."""
    return answer(status, kind, json.dumps(content).encode("ascii"), method=request.method)


def same_site(request: CanonicalRequest) -> bool:
    """Whether the browser says that this site itself, or the person, made the request.

    A request that says nothing (older browsers, command-line tools) counts as same-site only where it carries no
    Origin of somebody else.
    """
    site = next((value for name, value in request.headers if name == b"sec-fetch-site"), None)
    if site is not None and site not in (b"same-origin", b"none"):
        return False
    origin = next((value for name, value in request.headers if name == b"origin"), None)
    return origin is None or origin == f"{request.scheme}://{request.host}".encode("ascii")
