"""The request that confirms a kept form, and the request that it becomes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Final

from gateway.endpoints.form_store import KeptForm
from gateway.http_semantics import media_type
from gateway.model import CanonicalRequest
from gateway.responses import Message, Receive, Scope

MARK: Final = "tgp-form"
FIELD: Final = "tgp-token"
"""The one field of the confirmation: 64 hexadecimal digits."""

_MARKED: Final = re.compile(rb"(?:^|&)tgp-form=[0-9a-f]{20}$")
_LENGTH: Final = str(len(FIELD) + 1 + 64).encode("ascii")
_URLENCODED: Final = b"application/x-www-form-urlencoded"
# What is about the content and the way of the confirmation, beside all that begins with "content-".
_REPLACED: Final = frozenset(b"transfer-encoding trailer expect referer repr-digest digest".split())


def is_marked(request: CanonicalRequest) -> bool:
    """Whether the request has the address of a confirmation, and a body of its kind and length.

    The page that the register answers with has that address too, and may send forms of its own to it.
    """
    query = request.raw_query
    return (
        query is not None
        and _MARKED.search(query) is not None
        and request.header(b"content-length") == _LENGTH
        and media_type(request.header(b"content-type")) == _URLENCODED
    )


def is_marked_address(request: CanonicalRequest) -> bool:
    """Whether the method and address are those of a confirmation, whatever its body is."""
    return request.method == "POST" and _MARKED.search(request.raw_query or b"") is not None


def marked_id(request: CanonicalRequest) -> str:
    """The id of the form in the address of a confirmation."""
    return (request.raw_query or b"")[-20:].decode("ascii")


def kept_scope(scope: Scope, form: KeptForm) -> Scope:
    """The ASGI scope of the kept request, with what the browser sends along with its confirmation."""
    path, _, query = form.target.partition("?")
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if name.lower() not in _REPLACED and not name.lower().startswith(b"content-")
    ]
    headers.append((b"content-type", form.kind.encode("latin-1")))
    headers.append((b"content-length", str(form.size).encode("ascii")))
    if form.referer:
        headers.append((b"referer", form.referer.encode("latin-1")))
    return {
        **scope,
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "raw_target": form.target.encode("latin-1"),
        "headers": headers,
    }


def body_receive(pieces: AsyncIterator[bytes], disconnect: Receive) -> Receive:
    """An ASGI receive that gives a body piece by piece, and then what the client's connection says."""
    ended = False

    async def receive() -> Message:
        nonlocal ended
        if ended:
            return await disconnect()
        piece = await anext(pieces, None)
        ended = piece is None
        return {"type": "http.request", "body": piece or b"", "more_body": not ended}

    return receive


def replayed(body: bytes, disconnect: Receive) -> Receive:
    """An ASGI receive that gives a body that was read already, and then what the client's connection says."""
    waiting = [body]

    async def receive() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await disconnect()

    return receive
