"""Stage 1: turns a raw request into the one CanonicalRequest that rules judge and the register receives.

What is ambiguous is refused here with 400 and never repaired.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from random import Random
from secrets import token_bytes
from typing import Any, Final, NamedTuple

from gateway.caching.known_lines import RepeatedLines, parted, with_passing
from gateway.caching.object_memo import ObjectMemo
from gateway.cookies import LANGUAGE, of_every_environment
from gateway.edge.authority import Authorities
from gateway.edge.client import ClientAddress
from gateway.edge.cookies import separate_cookies
from gateway.edge.path import path_of
from gateway.edge.readings import PathReader
from gateway.edge.settings import EdgeSettings
from gateway.edge.viewer import READ, viewer_of
from gateway.edge.websocket import check_origin, websocket_handshake, without_handshake
from gateway.errors import BadRequest, ContentTooLarge, MethodNotAllowed
from gateway.http_semantics import METHODS, HeaderLine, HeaderLines
from gateway.model import NOTHING, CanonicalRequest, Doubt, Language, Viewer

Scope = Mapping[str, Any]
_TOKEN = re.compile(r"[A-Z][A-Z-]{0,31}")
_SINGLE = frozenset((b"content-length", b"content-type", b"authorization", b"transfer-encoding", b"origin"))
READ_AT_ADMISSION: Final = (
    _SINGLE
    | READ
    | {
        b"host",
        b"cookie",
        b"accept-language",
        b"upgrade",
        b"x-forwarded-for",
        b"x-request-id",
        b"max-forwards",
        b"destination",
    }
)
"""The names of the header lines that admission looks at."""
_REQUEST_ID = re.compile(rb"[A-Za-z0-9-]{8,64}")


class _Head(NamedTuple):
    """What follows from the header lines alone: `headers` and `cookies` are those of the CanonicalRequest, `read` the
    values that admission looks at, `viewer` who sees the answer.
    """

    headers: HeaderLines
    cookies: Mapping[str, str]
    read: Mapping[bytes, list[bytes]]
    viewer: Viewer
    language: Language


class Admission:
    """The door of one environment."""

    def __init__(
        self,
        settings: EdgeSettings,
        paths: PathReader,
        *,
        public_url: str,
        cookie_prefix: str,
        language: Callable[[bytes], Language],
        over_file: bool = False,
    ) -> None:
        """`over_file`: the public listener is a unix socket, at which only trusted proxies can connect."""
        self.authorities = Authorities(public_url, settings.hosts)
        self._clients = ClientAddress(settings.trusted_proxies, over_file=over_file)
        own = {f"{self.authorities.scheme}://{name}" for name in self.authorities.names}
        self._origins = frozenset(origin.encode() for origin in own.union(settings.websocket_origins))
        self._max_body = settings.max_body_bytes
        self._prefix = of_every_environment(cookie_prefix).encode("ascii")
        self._language_cookie = cookie_prefix + LANGUAGE
        self._paths = paths
        self._further = frozenset(settings.methods)
        self._allow = settings.allow
        self._language = language
        # Ids need to differ, not to be secret: asking the kernel for each one costs as much as judging the path.
        self._ids = Random(token_bytes(32))  # noqa: S311
        self._known = ObjectMemo(self._read)

    def admit(self, scope: Scope) -> CanonicalRequest:
        """The canonical form of an ASGI http scope.

        `scope["raw_target"]` is the request target as it was on the wire where the server hands it over; else it
        is put together from raw_path and query_string. Raises BadRequest, MethodNotAllowed, ContentTooLarge or
        UpgradeRequired.
        """
        method = scope["method"]
        further = method not in METHODS
        if further and method not in self._further:
            self._refuse_method(method)
        lines = scope["headers"]
        repeated, passing = parted(lines)
        head = self._known(repeated) if repeated is not None else self._read(lines)
        read = head.read
        target, hosts = self._origin_form(scope, read.get(b"host", []))
        host = self.authorities.canonical(hosts)
        if method == "OPTIONS":
            _check_max_forwards(read.get(b"max-forwards", ()))
        segments, doubt = self._paths.read(path_of(target))
        if further and b"destination" in read:
            doubt = self._with_destination(read, doubt)
        websocket, headers = None, head.headers
        if b"upgrade" in read:
            websocket = websocket_handshake(method, scope["http_version"], headers)
            if websocket is not None:
                headers = without_handshake(headers)
        headers = with_passing(headers, passing)
        client = scope.get("client")
        peer = client[0] if client else ""
        return CanonicalRequest(
            id=self._request_id(peer, read),
            method=method,
            scheme=self.authorities.scheme,
            host=host,
            path="/" + "/".join(segments),
            segments=segments,
            target=target,
            headers=headers,
            cookies=head.cookies,
            client=self._clients.of(peer, read.get(b"x-forwarded-for", [])),
            viewer=head.viewer if websocket is None else "script",
            language=head.language,
            doubt=doubt,
            websocket=websocket,
        )

    def again(self, request: CanonicalRequest, scope: Scope) -> CanonicalRequest:
        """The canonical form of a scope that differs from the one of `request` in passing lines at most, with an id of its
        own. The lines came before."""
        repeated, passing = parted(scope["headers"])
        assert repeated is not None
        head = self._known(repeated)
        client = scope.get("client")
        number = self._request_id(client[0] if client else "", head.read)
        headers = with_passing(head.headers, passing)
        if request.headers is not headers:
            return request._replace(id=number, headers=headers)
        return CanonicalRequest._make((number, *request[1:]))

    def _read(self, lines: Iterable[HeaderLine]) -> _Head:
        read: dict[bytes, list[bytes]] = {}
        headers: list[HeaderLine] = []
        for pair in lines:
            name = pair[0]
            if name in READ_AT_ADMISSION:
                read.setdefault(name, []).append(pair[1])
                if name == b"cookie":
                    continue
            headers.append(pair)
        for name, values in read.items():
            if len(values) > 1 and name in _SINGLE:
                raise BadRequest(f"{len(values)} {name.decode()} headers", code="header-repeated")
        self._check_body(read)
        cookies: Mapping[str, str] = NOTHING
        chosen: tuple[bytes, ...] = ()
        if b"cookie" in read:
            cookies, rest = separate_cookies(read[b"cookie"], self._prefix)
            if rest is not None:
                headers.append((b"cookie", rest))
            if self._language_cookie in cookies:
                chosen = (cookies[self._language_cookie].encode("latin-1"),)
        return _Head(
            headers=RepeatedLines(headers) if type(lines) is RepeatedLines else tuple(headers),
            cookies=cookies,
            read=read,
            viewer=viewer_of(read),
            language=self._language(b",".join((*chosen, *read.get(b"accept-language", ())))),
        )

    def check_origin(self, request: CanonicalRequest) -> None:
        """Raises WebSocketRefused for a WebSocket that a page of another site opens (RFC 6455 section 10.2)."""
        check_origin(request.header(b"origin"), self._origins, by_cookie=bool(request.cookies))

    def _refuse_method(self, method: str) -> None:
        if _TOKEN.fullmatch(method):
            raise MethodNotAllowed(f"method {method}", allow=self._allow)
        raise BadRequest(f"method {method[:40]!r}", code="method")

    def _with_destination(self, read: Mapping[bytes, list[bytes]], doubt: Doubt | None) -> Doubt:
        """The other path that COPY and MOVE name (RFC 4918 10.3) must be open by the same rule, as another reading."""
        lines = read[b"destination"]
        if len(lines) > 1:
            raise BadRequest(f"{len(lines)} Destination headers", code="header-repeated")
        target, _ = self._origin_form({"raw_target": lines[0]}, read[b"host"])
        segments, there = self._paths.read(path_of(target))
        both = [each for each in (doubt, there) if each is not None]
        return Doubt(
            (segments, *(reading for each in both for reading in each.readings)),
            frozenset().union(*(each.needs for each in both)),
        )

    def _origin_form(self, scope: Scope, hosts: list[bytes]) -> tuple[bytes, list[bytes]]:
        target: bytes | None = scope.get("raw_target")
        if target is None:
            query = scope.get("query_string", b"")
            target = scope["raw_path"] + (b"?" + query if query else b"")
        if target.startswith(b"/"):
            return target, hosts
        # Absolute form: its authority is the one that counts (RFC 9112 3.2.2), so it must be the same as Host.
        scheme, mark, rest = target.partition(b"://")
        if not mark or scheme.lower() != self.authorities.scheme.encode():
            raise BadRequest(f"target {target[:80]!r}", code="target-form")
        end = min(
            (at for at in (rest.find(b"/"), rest.find(b"?"), rest.find(b"#")) if at >= 0), default=len(rest)
        )
        authority, path = rest[:end], rest[end:]
        if self.authorities.canonical([authority]) != self.authorities.canonical(hosts):
            raise BadRequest("target and Host name two hosts", code="host-mismatch")
        return path if path.startswith(b"/") else b"/" + path, hosts

    def _check_body(self, read: Mapping[bytes, list[bytes]]) -> None:
        length = read.get(b"content-length")
        coding = read.get(b"transfer-encoding")
        if length is not None:
            if coding is not None:
                raise BadRequest("both Content-Length and Transfer-Encoding", code="body-framing")
            if not length[0].isdigit():
                raise BadRequest(f"Content-Length {length[0][:40]!r}", code="body-framing")
            if len(length[0]) > 18 or int(length[0]) > self._max_body:
                raise ContentTooLarge(f"Content-Length {length[0][:40]!r}", limit=self._max_body)
        if coding is not None and coding[0].lower() != b"chunked":
            raise BadRequest(f"Transfer-Encoding {coding[0][:40]!r}", code="body-framing")

    def _request_id(self, peer: str, read: Mapping[bytes, list[bytes]]) -> str:
        offered = read.get(b"x-request-id")
        if offered and len(offered) == 1 and _REQUEST_ID.fullmatch(offered[0]) and self._clients.trusts(peer):
            return offered[0].decode("ascii")
        return f"{self._ids.getrandbits(128):032x}"


def _check_max_forwards(values: Iterable[bytes]) -> None:
    if not all(value.isdigit() and value.strip(b"0") for value in values):
        raise BadRequest("OPTIONS with Max-Forwards: 0 goes no further (RFC 9110 7.6.2)", code="max-forwards")
