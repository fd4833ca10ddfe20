"""Handshakes that do not end take the place of one another, and of nothing else."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator

import pytest

from gateway.edge import tls_entrance
from gateway.edge.protocol import protocol_class
from gateway.edge.settings import EdgeSettings
from gateway.edge.tls_entrance import behind_tls
from tests.edge.listening import Application, connect, everything, get
from tests.running import Running, serving
from tests.tls import Certificates
from tests.waiting import until


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("tls"))


@contextlib.contextmanager
def entrance(certificates: Certificates, **edge: object) -> Iterator[tuple[Running, Application]]:
    app = Application()
    protocol = behind_tls(protocol_class(EdgeSettings.model_validate(edge)), certificates.server())
    with serving(app, http=protocol, proxy_headers=False) as running:
        yield running, app


def secure(certificates: Certificates, port: int) -> ssl.SSLSocket:
    return certificates.trusted().wrap_socket(connect(port), server_hostname="localhost")


def test_requests_are_answered_over_tls(certificates: Certificates) -> None:
    with entrance(certificates) as (running, app):
        with secure(certificates, running.port) as sock:
            sock.sendall(get("/echo", "Content-Length: 100000", method="POST") + b"a" * 100_000)
            sock.sendall(get("/ok", "Connection: close"))
            raw = everything(sock)
        assert raw.count(b"HTTP/1.1 200 ") == 2
        assert raw.endswith(b"ok")
        assert app.bodies == [b"a" * 100_000]
        assert until(lambda: not running.server.server_state.connections)


def test_a_request_that_comes_with_the_end_of_the_handshake_is_read(certificates: Certificates) -> None:
    """The client's last octets of the handshake and its request arrive at once."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = certificates.trusted().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with entrance(certificates) as (running, app), connect(running.port) as sock:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                sock.sendall(outgoing.read())
                incoming.write(sock.recv(65_536))
        tls.write(get("/ok", "Connection: close"))
        sock.sendall(outgoing.read())
        answer = b""
        while b"ok" not in answer:
            incoming.write(sock.recv(65_536))
            with contextlib.suppress(ssl.SSLWantReadError):
                answer += tls.read(65_536)
        assert app.asked == ["/ok"]


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00\x01"])
def test_the_oldest_handshake_gives_way(
    monkeypatch: pytest.MonkeyPatch, certificates: Certificates, sent: bytes
) -> None:
    monkeypatch.setattr(tls_entrance, "_MOST", 8)
    with entrance(certificates) as (running, _), contextlib.ExitStack() as stack:
        open_one = stack.enter_context(secure(certificates, running.port))
        connections = running.server.server_state.connections
        socks: list[socket.socket] = []
        for number in range(30):
            socks.append(stack.enter_context(connect(running.port)))
            socks[-1].sendall(sent)
            assert until(lambda: len(connections) == 1 + min(len(socks), 8)), number
        assert all(everything(sock) == b"" for sock in socks[:22])
        open_one.sendall(get("/ok", "Connection: close"))
        assert everything(open_one).endswith(b"ok")
        with secure(certificates, running.port) as late:
            late.sendall(get("/ok", "Connection: close"))
            assert everything(late).endswith(b"ok")


def test_a_handshake_has_as_much_time_as_a_head(certificates: Certificates) -> None:
    with entrance(certificates, header_timeout="200ms") as (running, _), connect(running.port) as sock:
        assert everything(sock) == b""
        assert until(lambda: not running.server.server_state.connections)


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello"])
def test_what_is_no_handshake_is_closed(certificates: Certificates, sent: bytes) -> None:
    with entrance(certificates) as (running, app), connect(running.port) as sock:
        sock.sendall(sent)
        everything(sock)
        assert until(lambda: not running.server.server_state.connections)
        assert app.asked == []


def test_a_server_that_stops_waits_for_no_handshake(certificates: Certificates) -> None:
    with entrance(certificates) as (running, _), connect(running.port) as sock:
        assert until(lambda: len(running.server.server_state.connections) == 1)
        running.server.should_exit = True
        assert everything(sock) == b""
