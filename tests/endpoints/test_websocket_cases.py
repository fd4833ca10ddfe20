"""The cases of WebSockets: raw handshakes, answers of the register, and frames, at a gateway with real sockets."""

from __future__ import annotations

import contextlib
import re
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cases.runners import WEBSOCKET, meaning, runs
from tests.gateway_fixture import GatewayFixture, scripted_gateway
from tests.waiting import until
from tests.websockets import (
    ACCEPT,
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Client,
    Served,
    SocketRegister,
    close,
    frame,
    socket_register,
)

PUBLIC = "https://gw.test"
ORIGIN = f"Origin: {PUBLIC}"
RULES: list[Any] = [
    {"id": "public", "match": {"path": "/public/**"}, "require": ["anyone"], "websocket": True},
    {
        "id": "admin",
        "match": {"path": "/admin/**"},
        "require": [{"organisation": {"any_of": ["0777000187"]}}],
        "websocket": True,
    },
    {"id": "app", "match": {"path": "/app/**"}, "require": ["authenticated"], "websocket": True},
]
MOST = 8
LIMITS = {"max_per_session": MOST, "max_message_bytes": 1_000_000, "close_timeout": "300ms"}


class Stand:
    """A gateway, its register, and the cookie of Alice's session."""

    def __init__(self, gateway: GatewayFixture, register: SocketRegister) -> None:
        self.gateway = gateway
        self.register = register
        self.cookie = self.log_in()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.register.port}"

    def log_in(self) -> str:
        browser = self.gateway.browser()
        browser.log_in("/app")
        return f"{self.gateway.session_cookie}={self.gateway.ticket(browser)}"

    def client(self, **options: Any) -> Client:
        return Client(self.gateway.port, **options)

    def open(self, *lines: str, behind: bytes = b"", **options: Any) -> Client:
        """A WebSocket that is open."""
        client = self.client(**options).open(
            "/app/ws", ORIGIN, f"Cookie: {self.cookie}", *lines, behind=behind
        )
        assert client.status == 101, client.head
        return client


def sockets_at(folder: Path, register: str) -> contextlib.AbstractContextManager[GatewayFixture]:
    """A gateway for the register at this address, with limits that a test can wait for."""
    return scripted_gateway(
        folder,
        backend=register,
        rules=RULES,
        public_url=PUBLIC,
        identity={"headers": {"X-Auth-User": "subject"}},
        upstream={"url": register, "websockets": LIMITS},
        edge={"write_timeout": "500ms"},
        observe={"streams": {"judge_every": "200ms"}},
    )


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with socket_register() as register:
        address = f"http://127.0.0.1:{register.port}"
        with sockets_at(tmp_path_factory.mktemp("sockets"), address) as gateway:
            yield Stand(gateway, register)


@pytest.fixture
def stand(standing: Stand) -> Stand:
    assert until(lambda: len(standing.gateway.gateway.areas.register.websockets["default"]) == 0)
    standing.register.forget()
    return standing


# What is expected of a handshake: each clause of the text is a check.


class Seen:
    """What the client and the register saw of a handshake."""

    def __init__(self, client: Client, register: SocketRegister) -> None:
        self.client = client
        self.heads = list(register.heads)
        self.switched = list(register.served)

    def lines(self, name: str) -> list[str]:
        """The values of a header at the register."""
        pairs = (
            line.partition(":") for head in self.heads for line in head.decode("latin-1").split("\r\n")[1:]
        )
        return [value.strip() for key, _, value in pairs if key.lower() == name.lower()]


def _statuses(seen: Seen, text: str) -> bool:
    return seen.client.status in {int(each) for each in re.findall(r"\d{3}", text)}


def _chosen(seen: Seen, _text: str) -> bool:
    chosen = seen.client.value("sec-websocket-protocol")
    return seen.client.status == 101 and chosen in (
        None,
        *", ".join(seen.lines("sec-websocket-protocol")).split(", "),
    )


def _only_negotiated(seen: Seen, _text: str) -> bool:
    """The client gets what the register agreed to, and that was asked of it."""
    agreed = seen.client.value("sec-websocket-extensions")
    asked = seen.lines("sec-websocket-extensions")
    return (agreed is None or bool(asked)) and all("foo" not in each for each in (agreed or "", *asked))


CLAUSES: list[tuple[str, Callable[[Seen, str], bool]]] = [
    (r"\d{3}(/\d{3}| or \d{3})*( or plain \d{3})?", _statuses),
    (r"\d{3}( or \d{3})* (or by config|or documented mapping|\().*", lambda seen, text: _statuses(seen, text[:7].split(" ")[0])),
    (r"\d{3} with [\w-]+: .+", lambda seen, text: (
        _statuses(seen, text[:3]) and seen.client.value(text[9:].partition(":")[0].lower()) == text.rpartition(": ")[2]
    )),
    (r"(not|never) 101", lambda seen, _text: seen.client.status != 101),
    (r"no 302 followed", lambda seen, _text: seen.client.status not in (301, 302, 303, 307)),
    (r"no upstream dial", lambda seen, _text: not seen.heads),
    (r"\d{3} before dialing upstream", lambda seen, text: _statuses(seen, text[:3]) and not seen.heads),
    (r"backend sees alice only", lambda seen, _text: (
        len(seen.lines("x-auth-user")) == 1 and b"admin" not in seen.heads[0].lower()
    )),
    (r"backend gets [\w-]+: .+", lambda seen, text: seen.lines(text[13:].partition(":")[0]) == [text.partition(": ")[2]]),
    (r"101 with the one the backend chose", _chosen),
    (r"or none", _chosen),
    (r"only negotiated extensions are used on each leg", _only_negotiated),
]  # fmt: skip
EARLY = "bytes after the handshake are frames"


def check(seen: Seen, expected: str) -> None:
    for clause in re.split(r"[,;] (?![^(]*\))", expected):
        checks = [each for pattern, each in CLAUSES if re.fullmatch(pattern, clause)]
        if not checks:
            pytest.fail(f"no runner for {clause!r} in a case", pytrace=False)
        assert checks[0](seen, clause), (clause, seen.client.head, seen.heads)


def _raw(stand: Stand, case: dict[str, Any]) -> None:
    register = stand.register
    register.lines = lambda head: (
        (b"Sec-WebSocket-Protocol: b\r\n" if b"sec-websocket-protocol: a, b" in head else b"")
        + (b"Sec-WebSocket-Extensions: permessage-deflate\r\n" if b"permessage-deflate" in head else b"")
    )
    raw = case["send"].replace("$SESSION", stand.cookie).encode("latin-1")
    with stand.client() as client:
        client.sock.sendall(raw)
        client.read_head()
        seen = Seen(client, register)
        # However it ends: what the register saw was judged, and opens a WebSocket only with the client's agreement.
        if client.status == 101:
            assert client.value("sec-websocket-accept") == ACCEPT
            assert len(seen.heads) == 1
        assert len(seen.switched) == (client.status == 101)
        if case["expected"].startswith(EARLY):
            _early_data(stand, client, raw)
        else:
            check(seen, case["expected"])


def _early_data(stand: Stand, client: Client, raw: bytes) -> None:
    behind = raw.partition(b"\r\n\r\n")[2]
    assert client.until_close()[1] == 1002
    assert until(lambda: stand.register.served[0].closed != "")
    assert stand.register.served[0].frames[-1].code == 1002
    # Refused, what is behind it is a request of its own.
    with stand.client() as other:
        other.open("/app/ws", ORIGIN, behind=behind)
        assert other.status == 401
        other.rest = other.rest[int(other.value("content-length") or 0) :]
        assert other.read_head().status in (401, 403, 404)
    assert not [head for head in stand.register.heads if b"secret" in head]


# What the register answers.


def _answers(status: str) -> Callable[[Stand], Client]:
    def run(stand: Stand) -> Client:
        stand.register.answer = f"HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\nno".encode()
        return stand.client().open("/app/ws", ORIGIN, f"Cookie: {stand.cookie}")

    return run


def _wrong_accept(stand: Stand) -> Client:
    stand.register.accept = lambda _key: "AAAAAAAAAAAAAAAAAAAAAAAAAAA="
    return stand.client().open("/app/ws", ORIGIN, f"Cookie: {stand.cookie}")


def _down(stand: Stand) -> Client:
    with stand.register.away():
        return stand.client(patience=2).open("/app/ws", ORIGIN, f"Cookie: {stand.cookie}")


UPSTREAM: list[tuple[str, Callable[[str], Callable[[Stand], Client]]]] = [
    (r"backend answers (\d{3}) .*", _answers),
    (r"backend's Sec-WebSocket-Accept is wrong()", lambda _: _wrong_accept),
    (r"connection refused()", lambda _: _down),
]


def _upstream(stand: Stand, case: dict[str, Any]) -> None:
    for pattern, makes in UPSTREAM:
        found = re.fullmatch(pattern, case["send"])
        if found:
            with makes(found[1])(stand) as client:
                expected = case["expected"].removesuffix(", quickly")
                check(Seen(client, stand.register), re.sub(r"client gets ", "", expected))
            return
    pytest.fail(f"no runner for {case['send']!r} in a case", pytrace=False)


# Frames: what each case does, and the outcome in a word or a close code.


def _sends(*frames: bytes) -> Callable[[Stand], str]:
    """The client sends this; the register must be told as well."""

    def run(stand: Stand) -> str:
        with stand.open() as client:
            client.sock.sendall(b"".join(frames))
            _, code = client.until_close()
        served = stand.register.served[0]
        assert until(lambda: served.closed != "")
        assert served.closed in (code, "end")
        return f"close {code}"

    return run


def _from_register(*frames: bytes) -> Callable[[Stand], str]:
    def run(stand: Stand) -> str:
        async def work(served: Served) -> None:
            served.writer.write(b"".join(frames))
            while await served.frame() is not None:
                pass

        stand.register.work = work
        with stand.open() as client:
            assert client.until_close()[1] == 1002
        served = stand.register.served[0]
        assert until(lambda: served.closed != "")
        return f"close {served.closed} towards backend"

    return run


def _ping_between_fragments(stand: Stand) -> str:
    with stand.open() as client:
        client.send(TEXT, b"a", final=False)
        client.send(PING, b"p")
        client.send(0, b"b")
        seen = [client.frame() for _ in range(3)]
    assert [each.opcode for each in seen if each] == [TEXT, PONG, 0]
    return "pong, message continues"


def _validating(_payload: bytes) -> Callable[[Served], Any]:
    async def work(served: Served) -> None:
        each = await served.frame()
        assert each is not None
        assert each.payload == _payload  # byte for byte: judging it is the register's
        served.writer.write(close(1007))
        await served.frame()

    return work


def _bad_text(stand: Stand) -> str:
    stand.register.work = _validating(b"\xff\xfe")
    with stand.open() as client:
        client.send(TEXT, b"\xff\xfe")
        return f"close {client.until_close()[1]}"


def _no_reply(stand: Stand) -> str:
    async def work(served: Served) -> None:
        while await served.frame() is not None:
            pass  # also the Close is not answered

    stand.register.work = work
    with stand.open() as client:
        client.sock.sendall(close(1000, masked=True))
        assert client.frame() is None
    assert until(lambda: len(stand.gateway.gateway.areas.register.websockets["default"]) == 0)
    return "TCP closed after timeout"


def _many_fragments(stand: Stand) -> str:
    with stand.open() as client:
        client.send(TEXT, b"a", final=False)
        more = frame(0, b"a", masked=True, final=False) * 20_000
        client.sock.sendall(more)
        return f"close {client.until_close()[1]}"


def _bomb(stand: Stand) -> str:
    """Nothing is unpacked here: the register, which is sent it as it is, refuses it."""
    packer = zlib.compressobj(9, wbits=-15)
    payload = packer.compress(b"\0" * 10_000_000) + packer.flush(zlib.Z_SYNC_FLUSH)

    async def work(served: Served) -> None:
        each = await served.frame()
        assert each is not None
        assert (each.payload, each.rsv) == (payload, 0x40)
        served.writer.write(close(1009))
        await served.frame()

    stand.register.work = work
    stand.register.lines = lambda _head: b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
    with stand.open("Sec-WebSocket-Extensions: permessage-deflate") as client:
        client.send(BINARY, payload, rsv=0x40)
        return f"close {client.until_close()[1]}"


def _slow_reader(stand: Stand) -> str:
    sent = 0

    async def work(served: Served) -> None:
        nonlocal sent
        while True:
            served.send(BINARY, b"x" * 60_000)
            sent += 60_000
            await served.writer.drain()

    stand.register.work = work
    with stand.open(read_buffer=4096) as client:
        assert client.status == 101
        assert until(lambda: len(stand.gateway.gateway.areas.register.websockets["default"]) == 0)
        assert sent < 20_000_000
    return "back-pressure to backend, bounded memory, idle close"


def _session_ends(stand: Stand) -> str:
    cookie = stand.log_in()
    with stand.client().open("/app/ws", ORIGIN, f"Cookie: {cookie}") as client:
        client.send(TEXT, b"hello")
        assert client.frame() is not None
        stand.gateway.client.post(
            f"{stand.gateway.url}/oauth2/logout/local", headers={"host": "gw.test", "cookie": cookie}
        )
        return f"socket closed within N s ({client.until_close()[1]})"


def _stops(stand: Stand) -> str:
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        gateway = stack.enter_context(sockets_at(Path(folder), stand.address))
        with Stand(gateway, stand.register).open() as client:
            stop = threading.Thread(target=stack.pop_all().close)
            stop.start()
            _, code = client.until_close()
            stop.join()
    return f"close {code} within the grace period"


def _too_many(stand: Stand) -> str:
    clients = [stand.open() for _ in range(MOST)]
    with stand.client().open("/app/ws", ORIGIN, f"Cookie: {stand.cookie}") as client:
        status = client.status
        assert client.value("retry-after")
    for each in clients:
        each.sock.close()
    return f"{status} on handshake"


def _http_inside(stand: Stand) -> str:
    inside = b"GET /admin/secret HTTP/1.1\r\nHost: gw.test\r\n\r\n"
    with stand.open() as client:
        client.send(BINARY, inside)
        each = client.frame()
        assert each is not None
        assert each.payload == inside
    assert len(stand.register.heads) == 1
    return "never parsed as HTTP upstream"


FRAMES: dict[str, Callable[[Stand], str]] = {
    "masked frame from backend": _from_register(frame(TEXT, b"a", masked=True)),
    "compressed frame although permessage-deflate not negotiated": _sends(
        frame(TEXT, b"a", masked=True, rsv=0x40)
    ),
    "unmasked frame from client": _sends(frame(TEXT, b"a")),
    "reserved opcode": _sends(frame(3, b"a", masked=True)),
    "reserved control opcode": _sends(frame(0xB, b"a", masked=True)),
    "RSV2 set": _sends(frame(TEXT, b"a", masked=True, rsv=0x20)),
    "RSV3 set": _sends(frame(TEXT, b"a", masked=True, rsv=0x10)),
    "ping with 126 bytes": _sends(frame(PING, b"a" * 126, masked=True)),
    "fragmented ping": _sends(frame(PING, b"a", masked=True, final=False)),
    "close with 1 byte": _sends(frame(CLOSE, b"a", masked=True)),
    "close with code 1005": _sends(close(1005, masked=True)),
    "continuation without start": _sends(frame(0, b"a", masked=True)),
    "new text inside a fragmented message": _sends(
        frame(TEXT, b"a", masked=True, final=False), frame(TEXT, b"b", masked=True)
    ),
    "ping between fragments": _ping_between_fragments,
    "text frame with invalid UTF-8": _bad_text,
    "peer never answers close": _no_reply,
    "64-bit length with the top bit set": _sends(b"\x81\xff" + b"\xff" * 8 + b"\0" * 4),
    "length 5 encoded in 16 bits": _sends(b"\x81\xfe\0\x05" + b"\0" * 9),
    "one 100 MB message": _sends(b"\x82\xff" + (100_000_000).to_bytes(8, "big") + b"\0" * 100_000),
    "endless 1-byte fragments": _many_fragments,
    "compressed 10 KB -> 100 MB": _bomb,
    "client stops reading while backend sends": _slow_reader,
    "session expires / logout while socket is open": _session_ends,
    "SIGTERM with open sockets": _stops,
    "sockets per user/IP over the limit": _too_many,
    "HTTP request bytes inside frames": _http_inside,
}


def _allowed(expected: str) -> set[str]:
    """The outcomes that a text allows."""
    first = expected.partition(" / ")[0].partition(" before ")[0].removesuffix(" or accept")
    many = re.fullmatch(r"(.*?)(\d{3,4})((?:/\d{3,4})+)(.*)", first)
    if many is None:
        return {first}
    return {f"{many[1]}{code}{many[4]}" for code in (many[2], *many[3].strip("/").split("/"))}


@runs(WEBSOCKET, fields=("send", "expected"))
def test_websocket_cases(stand: Stand, case: dict[str, Any]) -> None:
    if "HTTP/1." in case["send"].partition("\r\n")[0]:
        _raw(stand, case)
    elif case["cls"] == "upstream":
        _upstream(stand, case)
    else:
        assert meaning(FRAMES, case["send"])(stand) in _allowed(case["expected"])


@pytest.mark.parametrize(
    "name", ["unmasked frame from client", "reserved control opcode", "RSV2 set", "RSV3 set", "fragmented ping",
             "close with 1 byte", "close with code 1005"],
)  # fmt: skip
def test_other_frames_of_the_same_kinds(stand: Stand, name: str) -> None:
    assert FRAMES[name](stand) == "close 1002"
