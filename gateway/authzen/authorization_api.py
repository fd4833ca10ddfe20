"""The HTTPS binding of the Authorization API (section "Transport"): paths, credentials, bodies, errors."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from gateway.authzen.callers import Callers, CallingProgram
from gateway.authzen.listener import CERTIFICATE
from gateway.authzen.messages import Unanswerable
from gateway.authzen.settings import AuthzenSettings
from gateway.errors import GatewayError
from gateway.http_semantics import HeaderLines
from gateway.json_object import Unreadable, json_object
from gateway.plugin.asked_through import HEADER, note_asked
from gateway.responses import Receive, Response, Scope, Send

log = structlog.get_logger()
METADATA: Final = "/.well-known/authzen-configuration"
PATHS: Final[Mapping[str, str]] = {
    "access_evaluation_endpoint": "/access/v1/evaluation",
    "access_evaluations_endpoint": "/access/v1/evaluations",
    "search_subject_endpoint": "/access/v1/search/subject",
    "search_resource_endpoint": "/access/v1/search/resource",
    "search_action_endpoint": "/access/v1/search/action",
}
_JSON: Final = re.compile(rb'application/json(\s*;\s*charset="?utf-8"?)?\s*', re.IGNORECASE)
_ASKED: Final = HEADER.lower().encode("ascii")
_METADATA_LASTS: Final = b"max-age=300"
# A longer one is refused: it would have to be written down and sent back.
_LONGEST_ID: Final = 256
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, default=str).encode


@dataclass(frozen=True, slots=True)
class AuthzenRequest:
    """A request of a program: `id` is its own id of it ("" for none), `languages` its Accept-Language, `data` its message."""

    program: CallingProgram
    id: str
    languages: str
    data: Mapping[str, Any]


Endpoint = Callable[[AuthzenRequest], Awaitable[dict[str, Any]]]


class ApiError(Exception):
    """The request gets this status and these words instead of an answer."""

    def __init__(self, status: int, words: str, lines: HeaderLines = ()) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.lines = lines


class AuthorizationApi:
    """The ASGI application of the listener. `endpoints` has a function for each endpoint, by its name in the metadata."""

    def __init__(
        self, settings: AuthzenSettings, callers: Callers, endpoints: Mapping[str, Endpoint]
    ) -> None:
        self._callers = callers
        self._most = settings.max_body_bytes
        base = settings.url.partition("://")[2].partition("/")
        prefix = f"/{base[2]}" if base[2] else ""
        self._endpoints = {prefix + PATHS[name]: endpoint for name, endpoint in endpoints.items()}
        self._metadata_path = METADATA + prefix
        metadata = {name: settings.url + PATHS[name] for name in PATHS if name in endpoints}
        self._metadata = _encode({"policy_decision_point": settings.url, **metadata}).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        lines: HeaderLines = ()
        try:
            ids = [value for name, value in scope["headers"] if name == b"x-request-id"]
            if len(ids) > 1 or any(len(each) > _LONGEST_ID for each in ids):
                raise ApiError(400, f"send one X-Request-ID of at most {_LONGEST_ID} characters")
            lines = tuple((b"x-request-id", each) for each in ids)
            response = await self._answer(scope, receive, lines)
        except ApiError as refused:
            content = f"{refused.words}\n".encode("utf-8", "replace")
            response = Response(
                content,
                status=refused.status,
                media_type="text/plain; charset=utf-8",
                lines=(*lines, *refused.lines),
            )
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, lines: HeaderLines) -> Response:
        path = scope["path"]
        if path == self._metadata_path:
            _check_method(scope, "GET", "HEAD")
            return Response(self._metadata, media_type="application/json", cache=_METADATA_LASTS, lines=lines)
        certificate = scope.get("extensions", {}).get(CERTIFICATE, {}).get("der")
        program = self._callers.find(scope["headers"], certificate)
        if program is None:
            words = (
                "send the credential of a caller: Authorization: Bearer TOKEN, a client certificate, or both"
            )
            raise ApiError(401, words, ((b"www-authenticate", b'Bearer realm="authzen"'),))
        endpoint = self._endpoints.get(path)
        if endpoint is None:
            raise ApiError(404, f"nothing is asked here; {self._metadata_path} says where")
        _check_method(scope, "POST")
        data = await self._read(scope, receive)
        request = AuthzenRequest(
            program,
            lines[0][1].decode("latin-1") if lines else "",
            _header(scope, b"accept-language").decode("latin-1"),
            data,
        )
        note_asked(_header(scope, _ASKED).decode("latin-1"))
        try:
            found = await endpoint(request)
        except Unanswerable as error:
            raise ApiError(error.answered, error.detail) from error
        except GatewayError as error:
            retry = error.facts.get("retry_after")
            more = ((b"retry-after", str(retry).encode()),) if retry is not None else ()
            raise ApiError(error.status, error.code, more) from error
        except Exception as problem:
            log.exception("a question failed", path=path)
            raise ApiError(500, "internal-error") from problem
        return Response(_encode(found).encode("ascii"), media_type="application/json", lines=lines)

    async def _read(self, scope: Scope, receive: Receive) -> dict[str, Any]:
        if not _JSON.fullmatch(_header(scope, b"content-type")):
            raise ApiError(400, "send JSON: Content-Type: application/json")
        if _header(scope, b"content-encoding") not in (b"", b"identity"):
            raise ApiError(415, "send the body without a Content-Encoding")
        length = _header(scope, b"content-length")
        too_large = ApiError(413, f"a question has at most {self._most} bytes", ((b"connection", b"close"),))
        if length.isdigit() and int(length) > self._most:
            raise too_large
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise ApiError(400, "the body ended early")
            body += message.get("body", b"")
            if len(body) > self._most:
                raise too_large
            if not message.get("more_body", False):
                break
        if not body:
            raise ApiError(400, "the body is empty")
        try:
            return json_object(bytes(body), exact=True)
        except Unreadable as problem:
            raise ApiError(400, f"the body cannot be read: {problem}") from problem


def _check_method(scope: Scope, *methods: str) -> None:
    if scope["method"] not in methods:
        allowed = ", ".join(methods)
        raise ApiError(405, f"use {allowed}", ((b"allow", allowed.encode()),))


def _header(scope: Scope, name: bytes) -> bytes:
    return b", ".join(value for each, value in scope["headers"] if each == name)
