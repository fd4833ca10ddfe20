"""The end of `gateway serve`, told by signals: everything that is open at that moment ends well, and nothing new is lost."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from gateway.cli.handover import LaunchContext
from gateway.cli.server import OnlyServer
from gateway.cli.sockets import Sockets
from tests.gateways import settings, write_config
from tests.processes import gateway_process
from tests.running import RawUpstream, free_ports, free_socket, raw_upstream
from tests.waiting import until
from tests.websockets import CLOSE, accept_of, close, take_frame

RULES = [
    {"id": "live", "match": {"path": "/live"}, "require": ["anyone"], "websocket": True},
    {"id": "open", "match": {"path": "/**"}, "require": ["anyone"]},
]
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"


def answers(head: bytes) -> bytes:
    """What the register says: half a download, an event, a WebSocket, or `ok`."""
    target = head.split()[1]
    if target == b"/download":
        return b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst"
    if target == b"/events":
        return STREAM
    if target == b"/live":
        lines = head.decode().splitlines()
        key = next(line.split(": ")[1] for line in lines if line.lower().startswith("sec-websocket-key"))
        accept = accept_of(key)
        words = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}"
        return f"HTTP/1.1 101 Switching Protocols\r\n{words}\r\n\r\n".encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Client:
    """One connection to the gateway, in octets."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.host = f"Host: localhost:{port}"
        self.got = b""

    def ask(self, line: str, *lines: str, body: str = "") -> Client:
        head = "".join(f"{each}\r\n" for each in (f"{line} HTTP/1.1", self.host, *lines))
        self.sock.sendall(f"{head}\r\n{body}".encode())
        return self

    def until(self, end: bytes) -> bytes:
        """What came, up to these octets; a new answer is looked for behind them."""
        while end not in self.got:
            part = self.sock.recv(65536)
            assert part, self.got
            self.got += part
        found, _, self.got = self.got.partition(end)
        return found + end

    def rest(self) -> bytes:
        """All that comes to the end of the connection."""
        while part := self.sock.recv(65536):
            self.got += part
        return self.got


def says_close(answer: bytes) -> bool:
    return answer.startswith(b"HTTP/1.1 200") and b"\r\nconnection: close\r\n" in answer.lower()


@pytest.fixture
def connect() -> Iterator[Callable[[int], Client]]:
    """Opens connections, and closes them at the end."""
    with contextlib.ExitStack() as stack:

        def opened(port: int) -> Client:
            client = Client(port)
            stack.callback(client.sock.close)
            return client

        yield opened


@pytest.fixture
def register() -> Iterator[RawUpstream]:
    with raw_upstream() as found:
        found.answer = answers
        yield found


def configured(folder: Path, register: RawUpstream, **changes: object) -> tuple[Path, int, str]:
    """A configuration without a provider, the port, and where it says whether it is ready."""
    port, observe = free_ports(2)
    environment = settings(
        folder, name="ti", gateway_url=f"http://localhost:{port}", acm_url="http://127.0.0.1:9",
        upstream_url=f"http://127.0.0.1:{register.port}",
        **{"listen": f"127.0.0.1:{port}", "observe": {"listen": f"127.0.0.1:{observe}"}, **changes},
    )  # fmt: skip
    return write_config(folder, {"ti": environment}, rules=RULES), port, f"http://127.0.0.1:{observe}/readyz"


def refuses(port: int) -> bool:
    """Whether nobody listens there; a worker that still starts when it is to stop takes a moment longer."""
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except ConnectionRefusedError:
        return True
    except TimeoutError:
        pass
    return False


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_is_open_ends_well_and_what_comes_meanwhile_is_answered(
    tmp_path: Path, register: RawUpstream, connect: Callable[[int], Client], workers: str
) -> None:
    config, port, ready = configured(tmp_path, register, drain={"wait": "600s", "finish": "600s"})
    with gateway_process(config, "ti", ready, "--workers", workers) as child:
        kept = connect(port).ask("GET /kept")
        assert b"connection: close" not in kept.until(b"ok").lower()
        opened, download, events = connect(port), connect(port), connect(port)
        download.ask("GET /download").until(b"first")
        events.ask("GET /events").until(b"data: 1")
        live = connect(port).ask(
            "GET /live", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {KEY}",
            "Sec-WebSocket-Version: 13", f"Origin: http://localhost:{port}",
        )  # fmt: skip
        live.until(b"\r\n\r\n")
        sent = connect(port).ask("POST /sent", "Content-Length: 10", body="first")

        child.send_signal(signal.SIGTERM)
        assert until(lambda: httpx2.get(ready, trust_env=False).status_code == 503)
        assert httpx2.get(ready, trust_env=False).json()["checks"]["serving"]["detail"] == "stopping"
        # Nobody sees that it will end, but for the last word of each answer.
        assert says_close(connect(port).ask("GET /new").rest())
        assert says_close(kept.ask("GET /kept").rest())
        sent.sock.sendall(b" last")
        assert says_close(sent.rest())

        child.send_signal(signal.SIGTERM)  # the wait ends
        assert until(lambda: refuses(port))
        # It was open when the listener closed, and has half a second for its first request.
        assert opened.rest() == b"" or says_close(opened.got)
        taken = take_frame(live.sock.recv(65536))
        assert taken is not None
        assert (taken[0].opcode, taken[0].payload[:2]) == (CLOSE, (1001).to_bytes(2, "big"))
        live.sock.sendall(close(1001, masked=True))
        assert events.rest().endswith(b"0\r\n\r\n")
        assert child.poll() is None
        assert register.loop is not None
        for writer in register.writers:
            register.loop.call_soon_threadsafe(writer.write, b" last")
        assert download.rest().endswith(b" last")
        assert child.wait(60) == 0


def test_a_third_order_cuts_what_is_under_way(
    tmp_path: Path, register: RawUpstream, connect: Callable[[int], Client]
) -> None:
    config, port, ready = configured(tmp_path, register, drain={"wait": "600s", "finish": "600s"})
    with gateway_process(config, "ti", ready) as child:
        download = connect(port).ask("GET /download")
        download.until(b"first")
        child.send_signal(signal.SIGINT)  # Ctrl-C waits for no balancer
        assert until(lambda: refuses(port))
        child.send_signal(signal.SIGINT)
        assert download.rest() == b""

        def ended() -> bool:
            # An order to reload that comes too late ends nothing.
            child.send_signal(signal.SIGHUP)
            return child.poll() is not None

        assert until(ended, 60, pause=0.002)
        assert child.wait(60) == 0


def test_it_serves_over_unix_sockets_and_takes_its_files_with_it(
    tmp_path: Path, register: RawUpstream
) -> None:
    public, observe = tmp_path / "public.sock", tmp_path / "observe.sock"
    config, _, _ = configured(
        tmp_path, register, listen=f"unix:{public}", observe={"listen": f"unix:{observe}"}
    )
    host = config.read_text().partition("public_url: http://")[2].split()[0]
    with gateway_process(config, "ti", f"unix:{observe}") as child:
        over = httpx2.HTTPTransport(uds=str(public))
        with httpx2.Client(transport=over, trust_env=False) as client:
            headers = {"host": host, "x-forwarded-for": "192.0.2.7"}
            assert client.get("http://gateway/x", headers=headers).text == "ok"
        assert b"x-forwarded-for: 192.0.2.7\r\n" in register.begun[-1].lower()
        child.terminate()
        assert child.wait(60) == 0
    assert not public.exists()
    assert not observe.exists()


async def starts(scope: Any, receive: Any, send: Any) -> None:
    """An application of which nothing but its start and end is asked."""
    for _ in ("startup", "shutdown"):
        event = (await receive())["type"]
        ENDED.append(event)
        await send({"type": f"{event}.complete"})


ENDED: list[str] = []


def test_of_two_that_start_at_the_same_moment_one_says_that_it_cannot_listen() -> None:
    """Both have bound the address by then: the kernel refuses the second only once it listens."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2)
    before = {each: signal.getsignal(each) for each in numbers}
    with free_socket() as other, socket.socket() as sock, structlog.testing.capture_logs() as logs:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(other.getsockname())
        where = "{}:{}".format(*sock.getsockname())
        other.listen()
        config = uvicorn.Config(starts, log_config=None, lifespan="on", loop="uvloop")
        with pytest.raises(SystemExit) as end:
            OnlyServer(config, LaunchContext("ti", Sockets())).run(sockets=[sock])
    for number, handler in before.items():
        signal.signal(number, handler)
    assert end.value.code == STARTUP_FAILURE
    (said,) = [each["reason"] for each in logs if each["event"] == "gateway not started"]
    assert said == f"cannot listen on {where}: another process began to a moment ago; is it a second gateway?"
    assert ENDED == ["lifespan.startup", "lifespan.shutdown"]
