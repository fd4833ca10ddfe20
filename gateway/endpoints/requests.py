"""What own endpoints read from a Starlette request: its exchange, one query value, a small body or form."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from gateway.edge.percent import percent_decoded
from gateway.errors import BadRequest, ContentTooLarge, RequestTimeout
from gateway.exchange import Exchange
from gateway.responses import Message, Receive
from gateway.upstream.client_stream import ClientGone

_BODY_SECONDS = 30.0
_MOST_FIELDS = 50


def request_of(exchange: Exchange) -> Request:
    """The admitted request as Starlette sees it, with only the gateway's own cookies."""
    admitted = exchange.admitted
    own = "; ".join(f"{name}={value}" for name, value in admitted.cookies.items())
    headers = [line for line in admitted.headers if line[0] != b"cookie"]
    scope = {
        **exchange.scope,
        "path": admitted.path,
        "query_string": admitted.raw_query or b"",
        "headers": [*headers, (b"cookie", own.encode("latin-1"))],
        "state": {"exchange": exchange},
        # Starlette then raises HTTPException instead of answering by itself.
        "app": None,
    }
    return Request(scope, exchange.receive)


def exchange_of(request: Request) -> Exchange:
    """The exchange that this request belongs to."""
    exchange: Exchange = request.state.exchange
    return exchange


def query_value(request: Request, name: str) -> str | None:
    """The one value of a query parameter, or None. Raises BadRequest where it is repeated."""
    query = request.scope["query_string"]
    if query.count(b"&") >= _MOST_FIELDS:
        raise BadRequest("the query has too many parameters", code="query")
    values = query_values(query, name)
    if len(values) > 1:
        raise BadRequest(f"the parameter {name} is repeated", code="parameter-repeated")
    return values[0] if values else None


def query_values(query: bytes, name: str) -> list[str]:
    """The values of a query parameter; none where the query has very many parameters."""
    found = []
    if query.count(b"&") < _MOST_FIELDS:
        for field in query.split(b"&"):
            key, _, value = field.partition(b"=")
            if len(key) <= 3 * len(name) and _text(key) == name:
                found.append(_text(value))
    return found


def _text(part: bytes) -> str:
    # As everybody reads forms: what is not encoded is ISO-8859-1, what is encoded UTF-8.
    octets = part.replace(b"+", b" ").decode("latin-1").encode("utf-8")
    return percent_decoded(octets).decode("utf-8", "replace")


async def read_body(request: Request, most: int) -> bytes:
    """The whole body. Raises ContentTooLarge over `most` octets, RequestTimeout, ClientGone."""
    with _client_errors():
        async with asyncio.timeout(_BODY_SECONDS):
            return await Request(request.scope, _limited(request.receive, most)).body()


async def read_form(request: Request, most: int) -> FormData:
    """The fields of a form without files. Raises as `read_body` does, and BadRequest for what is not a form."""
    with _client_errors():
        async with asyncio.timeout(_BODY_SECONDS):
            limited = Request(request.scope, _limited(request.receive, most))
            return await limited.form(max_files=0, max_fields=_MOST_FIELDS, max_part_size=most)


@contextmanager
def _client_errors() -> Iterator[None]:
    try:
        yield
    except TimeoutError as problem:
        raise RequestTimeout(f"the body took more than {_BODY_SECONDS:g} s") from problem
    except ClientDisconnect as problem:
        raise ClientGone from problem
    except HTTPException as problem:
        raise BadRequest(f"the form cannot be read: {problem.detail}", code="form") from problem


def _limited(receive: Receive, most: int) -> Receive:
    """`receive`, but only for this many octets of the body."""
    taken = 0

    async def limited() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise ContentTooLarge(f"more than {most} bytes", limit=most)
        return message

    return limited
