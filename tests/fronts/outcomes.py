"""What comes of each case of hostile octets, headers, paths and WebSockets, through a front."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

from tests.cases.load import HERE, load
from tests.endpoints import test_listener_cases as listener
from tests.fronts.lanes import Lane
from tests.identity import test_header_cases as headers
from tests.upstream.raw_client import converse
from tests.websockets import Client, accept_of

# As without a front; nothing reaches the register where nothing may, but the client is told so in another way; another
# answer, but nothing that the rules forbid reaches the register; something else reaches it.
Outcome = Literal["same", "refused", "engine", "differs"]
ORDER: tuple[Outcome, ...] = ("same", "refused", "engine", "differs")
FILES = ("path", "header", "ws", "http1")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
# What the client sees; all else is about what the register gets.
_CLIENTS = frozenset(
    [
        "first_status",
        "second_status",
        "responses_max",
        "responses_min",
        "close",
        "no_1xx",
        "status_in",
        "order",
        "response_body_empty",
        "response_not_chunked",
        "never_101",
        "upstream_body",
    ]
)


def cases(file: str) -> Iterator[dict[str, Any]]:
    """The cases of a file that a front can meet: it knows itself which proxies it believes, and frames of WebSockets pass unseen."""
    for case in load(HERE / f"{file}-cases.json"):
        if case.get("peer_trusted") or (file == "ws" and "HTTP/1." not in case["send"].partition("\r\n")[0]):
            continue
        yield case


def outcome(lane: Lane, file: str, case: dict[str, Any]) -> tuple[Outcome, list[str]]:
    """What comes of a case, and which of its expectations don't hold."""
    wrong = {"path": _path, "header": _header, "ws": _websocket, "http1": _octets}[file](lane, case)
    if not wrong:
        return "same", []
    if not set(wrong) <= _CLIENTS:
        return "differs", wrong
    refused = file == "http1" and case["expected"].get("upstream_max") == 0 and not lane.register.begun
    return ("refused" if refused else "engine"), wrong


def _path(lane: Lane, case: dict[str, Any]) -> list[str]:
    register, target = lane.register, case["raw_target"].encode("latin-1")
    ticket = "" if case["as_user"] == "anonymous" else lane.tickets_of(case["as_user"])[0]
    cookie = f"Cookie: {lane.gate.session_cookie}={ticket}\r\n".encode() if ticket else b""
    wrong = []
    register.clear()
    register.answer = lambda _head: OK
    talk = converse(
        lane.gate.port,
        b"GET %s HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 0\r\n%s\r\n" % (target, cookie),
        look=0.01,
    )
    register.settle()
    status = talk.answers[0].status if talk.answers else 0
    forwarded = [head.split(b" ")[1].decode("latin-1") for head in register.begun]
    if str(status) not in case["outcome"]:
        wrong.append("status_in")
    if len(forwarded) != (status == 200):
        wrong.append("forwarded")
    for path in forwarded:
        if path not in case.get("forwarded_target_in", [path]) or (
            case.get("if_forwarded_same_bytes") and path.encode("latin-1") != target
        ):
            wrong.append("target")
        if case["as_user"] == "admin":
            continue
        for reads in listener.BACKENDS.values():
            seen = reads(path.partition("?")[0])
            dodges = (listener.DODGES[each](seen) for each in case["dodges"].split(" or "))
            if listener.PROTECTED.match(seen) or any(dodges):
                wrong.append("protected")
    return wrong


def _header(lane: Lane, case: dict[str, Any]) -> list[str]:
    wrong: list[str] = []
    tickets: list[Any] = [None] if case["session"] == "none" else list(lane.tickets_of(case["session"]))
    for ticket in tickets:
        seen = headers.exchange(lane.gate, case, ticket)
        expected: dict[str, Any] = {"status_in": [200], **case["expected"]}
        if any(re.search("[\0-\x1f\x7f]", value) for _, value in case["request_headers"]):
            expected["status_in"] = [*expected["status_in"], 400]
        if seen.forwarded is not (seen.status == 200):
            wrong.append("forwarded")
        for name, value in expected.items():
            if name in headers.FORWARDED and not seen.forwarded:
                continue
            if not headers.EXPECTED[name](seen, json.loads(headers.renamed(json.dumps(value), ticket))):
                wrong.append(name)
    return wrong


def _octets(lane: Lane, case: dict[str, Any]) -> list[str]:
    register = lane.register
    register.clear()
    register.answer = lambda _head: OK
    raw = case.get("raw", "".join(case.get("segments", ())))
    pieces = case.get("segments", [raw])
    methods = re.findall(r"(?m)^([A-Za-z]+) \S+ HTTP/1\.\d\r?$", raw)
    expected = case["expected"]
    talk = converse(
        lane.gate.port,
        *(piece.encode("latin-1") for piece in pieces),
        expect=expected.get("responses_min", 1),
        patience=1.0 + case.get("hold_open_s", 0) * listener.SCALE,
        half_close=bool(case.get("half_close")),
        heads=tuple(method == "HEAD" for method in methods),
        # all of them well within the limit of a head
        pause=0.03 if len(pieces) < 10 else 0.001,
    )
    register.settle()
    seen = listener.Seen(talk, register)
    return [name for name, value in expected.items() if not _holds(name, seen, value)]


def _holds(name: str, seen: listener.Seen, value: Any) -> bool:
    try:
        return listener.EXPECTED[name](seen, value)
    except IndexError:
        return False


def _websocket(lane: Lane, case: dict[str, Any]) -> list[str]:
    register = lane.register
    register.clear()
    register.answer = _agreed
    ticket = lane.tickets_of("user")[0]
    raw = case["send"].replace("$SESSION", f"{lane.gate.session_cookie}={ticket}")
    # The site of the cases is on https, and the one here on http.
    raw = (
        raw.replace("https://gw.test", "h\0")
        .replace("http://gw.test", "https://gw.test")
        .replace("h\0", "http://gw.test")
    )
    with Client(lane.gate.port, patience=2.0) as client:
        client.sock.sendall(raw.encode("latin-1"))
        try:
            client.read_head()
        except (OSError, ValueError, AssertionError):
            return ["first_status"]
        status = client.status
    register.settle()
    allowed = {int(each) for each in re.findall(r"(?<!\d)[1-5]\d\d(?!\d)", case["expected"])}
    wrong = []
    refusing = case["expected"].startswith(("not 101", "never 101"))
    if (refusing and status == 101) or (not refusing and allowed and status not in allowed):
        wrong.append("handshake" if status == 101 else "first_status")
    if register.begun and status != 101:
        wrong.append("dialled")
    if any(b"x-auth-user: admin" in head.lower() for head in register.begun):
        wrong.append("forged")
    return wrong


def _agreed(head: bytes) -> bytes:
    key = re.search(rb"(?i)\r\nsec-websocket-key: (\S+)", head)
    if key is None:
        return OK
    accept = accept_of(key[1].decode("latin-1")).encode()
    chosen = b"Sec-WebSocket-Protocol: b\r\n" if b"protocol: a, b" in head.lower() else b""
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %s\r\n%s\r\n" % (accept, chosen)
    )
