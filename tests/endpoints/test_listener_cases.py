"""The cases of hostile octets and paths, at the gateway's own listener, with a recorder as register."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from simulator.login import login
from tests.cases.runners import HTTP1, PATH, meaning, runs
from tests.gateway_fixture import GatewayFixture, gateway_fixture
from tests.running import RawUpstream
from tests.upstream.raw_client import Conversation, converse

ADMIN = [{"right": {"right": "indiener"}}]
METHODS = ["GET", "HEAD", "POST", "OPTIONS"]
# The rules of the case files, in the words of this gateway; "/public/" doesn't open "/public" there.
RULES: list[Any] = [
    {"id": "public-itself", "match": {"path": "/public"}, "require": ADMIN},
    {"id": "public", "match": {"path": "/public/**", "methods": METHODS}, "require": ["anyone"]},
    {"id": "admin", "match": {"path": "/admin/**"}, "require": ADMIN},
    {"id": "app-admin", "match": {"path": "/app/admin/**"}, "require": ADMIN},
    {"id": "app", "match": {"path": "/app/**"}, "require": ["authenticated"]},
    {"id": "reports", "match": {"regex": r"/reports/\d+/view"}, "require": ["anyone"]},
    {"id": "files", "match": {"path": "/files/{name}/download"}, "require": ["anyone"]},
]
# The listener's time limits are a hundredth of the usual ones, and so is the silence of a case.
LIMIT, SCALE = "300ms", 0.01
PERSONS = {"anonymous": None, "user": "zonder-recht", "admin": "indiener"}


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with gateway_fixture(
        tmp_path_factory.mktemp("listener"),
        backend=RawUpstream(),
        rules=RULES,
        edge={"hosts": ["gw.test"], "header_timeout": LIMIT, "body_timeout": LIMIT},
    ) as found:
        yield found


# HTTP/1.1


class Seen:
    """What client and register saw of one case."""

    def __init__(self, talk: Conversation, upstream: RawUpstream) -> None:
        self.talk = talk
        self.answers = talk.answers
        self.status = talk.answers[0].status if talk.answers else 0
        self.begun = list(upstream.begun)
        self.received = list(upstream.received)
        self.everything = b"".join(self.begun + self.received).lower()
        self.bodies = [plain(request) for request in self.received]

    def lines(self, name: str) -> list[str]:
        """The values of a header, in all requests that the register saw."""
        return [
            value.strip()
            for head in self.begun
            for key, _, value in (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
            if key.lower() == name.lower()
        ]

    @property
    def targets(self) -> list[str]:
        return [head.split(b" ")[1].decode("latin-1") for head in self.begun]


def plain(request: bytes) -> str:
    """The body of a request, without its chunks."""
    head, _, body = request.partition(b"\r\n\r\n")
    if b"chunked" not in head.lower():
        return body.decode("latin-1")
    parts = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return parts.decode("latin-1")
        parts, body = parts + body[:length], body[length + 2 :]


def _second_status(seen: Seen, allowed: list[int]) -> bool:
    return (seen.answers[1].status if len(seen.answers) > 1 else 0) in (*allowed, 0)


def _order(seen: Seen, words: list[str]) -> bool:
    return len(seen.targets) == len(words) and all(
        word in target for word, target in zip(words, seen.targets, strict=True)
    )


EXPECTED: dict[str, Callable[[Seen, Any], bool]] = {
    "first_status": lambda seen, allowed: seen.status in allowed and bool(seen.answers or seen.talk.closed),
    "second_status": _second_status,
    "responses_max": lambda seen, most: len(seen.answers) <= most,
    "responses_min": lambda seen, least: len(seen.answers) >= least,
    "close": lambda seen, wanted: wanted is None or seen.talk.closed is wanted,
    "no_1xx": lambda seen, _: b"HTTP/1.1 1" not in seen.talk.raw,
    "never_101": lambda seen, _: b"HTTP/1.1 101" not in seen.talk.raw,
    "response_body_empty": lambda seen, _: seen.talk.raw.endswith(b"\r\n\r\n"),
    "response_not_chunked": lambda seen, _: not seen.answers[0].values("transfer-encoding"),
    "second_request_must_not_be_processed": lambda seen, _: (
        len(seen.begun) <= 1 and all(answer.status == 400 for answer in seen.answers[1:])
    ),
    "order": _order,
    "upstream_max": lambda seen, most: len(seen.begun) <= most,
    "upstream_must_not_complete": lambda seen, _: not seen.received,
    "upstream_body": lambda seen, body: seen.bodies == [body],
    "upstream_body_if_200": lambda seen, body: seen.status != 200 or seen.bodies == [body],
    "upstream_single_cl": lambda seen, _: len(seen.lines("content-length")) <= len(seen.begun),
    "upstream_must_not_have_both_cl_te": lambda seen, _: (
        not (seen.lines("content-length") and seen.lines("transfer-encoding"))
    ),
    "upstream_headers_absent": lambda seen, names: not any(seen.lines(name) for name in names),
    "upstream_header_not": lambda seen, pairs: (
        not any(value in seen.lines(name) for name, value in pairs.items())
    ),
    "upstream_header_not_set": lambda seen, name: not seen.lines(name),
    # As a body it may pass; as a request, or as a line of one, it may not.
    "upstream_must_not_see_as_request": lambda seen, name: (
        not seen.lines(name) and not any(target.startswith("/admin") for target in seen.targets)
    ),
    "upstream_must_not_see": lambda seen, text: text.lower().encode() not in seen.everything,
    "upstream_must_not_see_value": lambda seen, text: text.lower().encode() not in seen.everything,
    "upstream_must_not_contain_byte": lambda seen, octet: (
        octet.encode().decode("unicode_escape").encode("latin-1") not in seen.everything
    ),
    "upstream_lines_crlf": lambda seen, _: (
        not any(re.search(rb"(?<!\r)\n|\r(?!\n)", head) for head in seen.begun)
    ),
    "upstream_target_in": lambda seen, targets: all(target in targets for target in seen.targets),
    "upstream_target_is_origin_form": lambda seen, _: all(target.startswith("/") for target in seen.targets),
}


@runs(
    HTTP1,
    fields=("raw", "raw_parts", "segments", "segments_parts", "half_close", "hold_open_s"),
    expected=EXPECTED,
)
def test_http1_cases(listener: GatewayFixture, case: dict[str, Any]) -> None:
    upstream = listener.upstream
    upstream.clear()
    upstream.answer = lambda _head: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    raw = case.get("raw", "".join(case.get("segments", ())))
    pieces = case.get("segments", [raw])
    assert "".join(pieces) == raw
    methods = re.findall(r"(?m)^([A-Za-z]+) \S+ HTTP/1\.\d\r?$", raw)
    expected = case["expected"]
    talk = converse(
        listener.port,
        *(piece.encode("latin-1") for piece in pieces),
        expect=expected.get("responses_min", 1),
        patience=max(1.0, 1.0 + case.get("hold_open_s", 0) * SCALE),
        half_close=bool(case.get("half_close")),
        heads=tuple(method == "HEAD" for method in methods),
        pause=0.03 if len(pieces) < 10 else 0.003,
    )
    upstream.settle()
    seen = Seen(talk, upstream)
    wrong = [name for name, value in expected.items() if not EXPECTED[name](seen, value)]
    assert not wrong, (talk.closed, talk.raw[:300], seen.begun)


# Paths


@pytest.fixture(scope="module")
def sessions(listener: GatewayFixture) -> dict[str, bytes]:
    """The cookie line of each kind of person that the cases have."""
    return {
        who: f"Cookie: {login(listener.url, persona)}\r\n".encode() if persona else b""
        for who, persona in PERSONS.items()
    }


def dots(path: str) -> str:
    """Without dot segments (RFC 3986 5.2.4)."""
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)


# What kinds of backends make of a path.
BACKENDS: dict[str, Callable[[str], str]] = {
    "decodes once": unquote,
    "decodes twice": lambda path: unquote(unquote(path)),
    "drops parameters": lambda path: re.sub(r";[^/]*", "", unquote(path)),
    "reads \\ as /": lambda path: dots(unquote(path).replace("\\", "/")),
    "ignores case": lambda path: unquote(path).lower(),
    "merges slashes and resolves dots": lambda path: dots(re.sub("/+", "/", unquote(path))),
    "resolves dots": lambda path: dots(unquote(path)),
}
PROTECTED = re.compile(r"/(app/)?admin(/|$)", re.IGNORECASE)
OPEN = re.compile(r"/public/|/app/|/reports/[0-9]+/view$|/files/[^/]+/download$", re.IGNORECASE)
# What a case tries to reach.
DODGES = {
    "/admin/": PROTECTED.match,
    "default-deny": lambda path: not OPEN.match(path),
    "none": lambda _path: False,
    "n/a": lambda _path: False,
}


@runs(
    PATH,
    fields=("raw_target", "as_user", "dodges", "outcome", "forwarded_target_in", "if_forwarded_same_bytes"),
)
def test_path_cases(listener: GatewayFixture, sessions: dict[str, bytes], case: dict[str, Any]) -> None:
    """Each as GET, HEAD, POST and in absolute form, with the same decision."""
    upstream = listener.upstream
    upstream.answer = lambda _head: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    target = case["raw_target"].encode("latin-1")
    dodges = [meaning(DODGES, dodged) for dodged in case["dodges"].split(" or ")]
    session = meaning(sessions, case["as_user"])
    for method, sent in (
        (b"GET", target), (b"HEAD", target), (b"POST", target), (b"GET", b"http://gw.test" + target)
    ):  # fmt: skip
        upstream.clear()
        lines = b"%s %s HTTP/1.1\r\nHost: gw.test\r\n%s\r\n" % (method, sent, session)
        seen = converse(listener.port, lines, heads=(method == b"HEAD",), look=0.01)
        upstream.settle()
        status = str(seen.answers[0].status)
        forwarded = [head.split(b" ")[1] for head in upstream.begun]
        assert int(status) < 500
        if method == b"GET" and sent is target:
            assert status in case["outcome"]
            served = status == "200"
        assert (status == "200") is served, (method, status)
        assert len(forwarded) == served
        for path in forwarded:
            text = path.decode("latin-1")
            assert text in case.get("forwarded_target_in", [text])
            assert path == target or not case.get("if_forwarded_same_bytes")
            if case["as_user"] == "admin":
                continue
            for backend, reads in BACKENDS.items():
                found = reads(text.partition("?")[0])
                assert not PROTECTED.match(found), backend
                assert not any(dodged(found) for dodged in dodges), backend
