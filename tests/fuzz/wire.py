"""A whole gateway between two ends of wire that tests hold: nothing goes through the kernel, and time passes by hand."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from uvicorn.server import ServerState

from gateway import app as gateway_app
from gateway.config import Config, load
from gateway.edge.protocol import protocol_class
from tests.fuzz.strict import End
from tests.gateways import settings, write_config

RULES = [{"id": "all", "match": {"path": "/**"}, "require": ["anyone"]}]
REGISTER_PORT = 9
_ROUNDS = 200
T = TypeVar("T")


class HandLoop(asyncio.SelectorEventLoop):
    """An event loop whose time a test moves ahead, and whose outgoing connections a test answers."""

    ahead = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.register = Register()

    def time(self) -> float:
        return super().time() + self.ahead

    async def create_connection(self, factory: Any, _host: Any, port: Any, **_: Any) -> Any:  # type: ignore[override]
        if port != REGISTER_PORT:
            raise ConnectionRefusedError("the provider is down")
        end = RegisterEnd(self, factory())
        self.register.connected(end)
        end.protocol.connection_made(end)
        return end, end.protocol


@cache
def _connected(client: str = "127.0.0.1") -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection of the kernel, for their addresses; nothing is sent over it, and reading from it never waits.

    The second is the gateway's.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        ends = socket.create_connection(server.getsockname(), source_address=(client, 0)), server.accept()[0]
    for end in ends:
        end.setblocking(False)
    return ends


class _Socket:
    """As much of a socket as the listener asks for."""

    family = socket.AF_INET

    def __init__(self, client: str) -> None:
        self.resets = False
        self._client = client

    def setsockopt(self, _level: int, option: int, _value: object) -> None:
        self.resets = self.resets or option == 13  # SO_LINGER

    def getsockopt(self, *_: object) -> bytes:
        return b"\x01"

    def fileno(self) -> int:
        return _connected(self._client)[1].fileno()


class _End(asyncio.Transport):
    """One end of a connection: keeps what the gateway writes, and hands it what a test sends."""

    def __init__(self, loop: HandLoop, protocol: Any, client: str = "127.0.0.1") -> None:
        self.socket = _Socket(client)
        super().__init__({"socket": self.socket})
        self.loop = loop
        self.protocol = protocol
        self.written = b""
        self.how: End = "open"
        self._paused = self._resets = False
        self._waiting: list[bytes | None] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert self.how == "open", "the gateway writes to a connection that it has closed"
        self.written += bytes(data)

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing ever waits to be written."""

    def is_closing(self) -> bool:
        return self.how != "open"

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        self.loop.call_soon(self._deliver)

    def write_eof(self) -> None:
        pass

    def get_protocol(self) -> Any:
        return self.protocol

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def close(self) -> None:
        self._end("reset" if self.socket.resets else "closed")

    def abort(self) -> None:
        self._end("reset")

    def _end(self, how: End, problem: Exception | None = None) -> None:
        if self.how == "open":
            self.how = how
            self.loop.call_soon(self.protocol.connection_lost, problem)

    def send(self, *pieces: bytes | None) -> None:
        """Octets for the gateway; None is their end."""
        self._waiting += pieces
        self.loop.call_soon(self._deliver)

    def reset(self) -> None:
        """The peer resets the connection."""
        self._end("reset", ConnectionResetError())

    def reset_then(self) -> None:
        """The peer resets the connection once all was delivered."""
        self._resets = True
        self.loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        while self._waiting and not self._paused and self.how == "open":
            piece = self._waiting.pop(0)
            if piece is not None:
                self._hand_over(piece)
            elif not self.protocol.eof_received():
                self.close()
        if self._resets and not self._waiting:
            self.reset()

    def _hand_over(self, piece: bytes) -> None:
        raise NotImplementedError


class ClientEnd(_End):
    """A client."""

    def _hand_over(self, piece: bytes) -> None:
        room = self.protocol.get_buffer(-1)
        taken = min(len(room), len(piece))
        if piece[taken:]:
            self._waiting.insert(0, piece[taken:])
        room[:taken] = piece[:taken]
        self.protocol.buffer_updated(taken)


class RegisterEnd(_End):
    """The register's end of a connection."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        super().write(data)
        self.loop.call_soon(self.loop.register.received, self)

    def _hand_over(self, piece: bytes) -> None:
        self.protocol.data_received(piece)


class Register:
    """What the gateway forwards to. `received` is called when something more was written."""

    def __init__(self) -> None:
        self.connections: list[RegisterEnd] = []

    def follow(self, earlier: Register) -> None:
        """Take over the idle connections of an earlier register."""
        for end in earlier.connections:
            if end.how == "open":
                end.written = b""
                self.connections.append(end)

    def connected(self, end: RegisterEnd) -> None:
        self.connections.append(end)

    def received(self, end: RegisterEnd) -> None:
        raise NotImplementedError


class _Watched:
    """The gateway, and what reaches it of the listener."""

    def __init__(self, app: gateway_app.Gateway) -> None:
        self.app = app
        self.scopes: list[Any] = []

    def prompt(self, scope: Any, cycle: Any) -> bool:
        self.scopes.append(scope)
        return self.app.prompt(scope, cycle)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and not any(scope is seen for seen in self.scopes):
            self.scopes.append(scope)
        await self.app(scope, receive, send)


class _Records:
    """Keeps the decision records."""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    def write(self, record: Any) -> None:
        self.kept.append(record)

    write_refused = write


def _served(app: Any) -> uvicorn.Config:
    config = uvicorn.Config(app, log_config=None, proxy_headers=False, server_header=False)
    config.load()
    return config


def configuration(folder: Path, rules: list[Any], **changes: Any) -> Config:
    """That of a gateway on a wire; `changes` are those of its settings."""
    changes["session"] = {"store": "memory:", **changes.get("session", {})}
    environment = settings(
        folder, name="ti", gateway_url="https://gw.test", acm_url="http://127.0.0.1:8",
        upstream_url=f"http://127.0.0.1:{REGISTER_PORT}", listen="127.0.0.1:0", observe={"log_level": "error", "records": "none"}, **changes,
    )  # fmt: skip
    return load(write_config(folder, {"ti": environment}, rules=rules))


class Wire:
    """A gateway that runs on a loop of its own. `scopes` and `records` have what it saw and wrote since `begin`."""

    def __init__(self, folder: Path, rules: list[Any], clock: Any = None, **changes: Any) -> None:
        self.loop = HandLoop()
        config = configuration(folder, rules, **changes)
        clocks = {} if clock is None else {"clock": clock, "steady": clock}
        self.app = gateway_app.Gateway(config, "ti", **clocks)
        self.watched = _Watched(self.app)
        self.kept = _Records()
        object.__setattr__(self.app.stages.pipeline.record, "records", self.kept)
        edge, fronts = self.app.settings.edge, self.app.settings.fronts
        self._doors = {"": (_served(self.watched), protocol_class(edge))}
        for name, app in self.app.doors.fronts.items():
            of_front = protocol_class(edge.of_front(fronts[name].peers), public_url="https://gw.test")
            self._doors[name] = _served(app), of_front
        self._server = ServerState()
        self.faults: list[Any] = []
        self.loop.set_exception_handler(lambda _loop, context: self.faults.append(context))

    @property
    def scopes(self) -> list[Any]:
        return self.watched.scopes

    @property
    def records(self) -> list[Any]:
        return self.kept.kept

    def begin(self, register: Register) -> None:
        """This is the register from here on; what was seen before is forgotten."""
        register.follow(self.loop.register)
        self.loop.register = register
        self.scopes.clear()
        self.records.clear()
        self.faults.clear()

    def connect(self, client: str = "127.0.0.1", front: str = "") -> ClientEnd:
        """A new connection of the client with this address, or of the front with this name."""
        _connected(client)  # not within the loop, which must not wait for the kernel
        config, made = self._doors[front]
        protocol = made(config, self._server, {}, self.loop)
        end = ClientEnd(self.loop, protocol, client)
        self.loop.call_soon(protocol.connection_made, end)
        return end

    def settle(self, seconds: float = 0.0) -> None:
        """Let time pass, and the gateway do all that is to be done."""
        self.loop.ahead += seconds
        self.loop.run_until_complete(self._settled())

    def until(self, true: Callable[[], bool], seconds: float, step: float = 2.0) -> bool:
        """Let time pass until it is so; False where it isn't within these seconds."""
        self.settle()
        for _ in range(int(seconds / step)):
            if true():
                return True
            self.settle(step)
        return true()

    async def _settled(self) -> None:
        for _ in range(_ROUNDS):
            await asyncio.sleep(0)
            if not self.loop._ready:  # type: ignore[attr-defined]
                return

    def run(self, work: Awaitable[T]) -> T:
        async def done() -> T:
            return await work

        return self.loop.run_until_complete(done())


class _Faults(logging.Handler):
    """Notes what is logged as an error."""

    def __init__(self, faults: list[Any]) -> None:
        super().__init__(logging.ERROR)
        self.faults = faults

    def emit(self, record: logging.LogRecord) -> None:
        self.faults.append((record.getMessage(), record.exc_info))


@contextlib.contextmanager
def wire(folder: Path, rules: list[Any] = RULES, **changes: Any) -> Iterator[Wire]:
    """A gateway until the block ends. `changes` are those of its settings, and its `clock`."""
    found = Wire(folder, rules, **changes)
    asyncio.set_event_loop(found.loop)
    running = found.app.running()
    handler = _Faults(found.faults)
    logging.getLogger("uvicorn.error").addHandler(handler)
    try:
        found.run(running.__aenter__())
        yield found
    finally:
        found.run(running.__aexit__(None, None, None))
        found.settle()
        logging.getLogger("uvicorn.error").removeHandler(handler)
        asyncio.set_event_loop(None)
        found.loop.close()
