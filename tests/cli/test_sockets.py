"""Listening sockets: opened, found where they were handed over, and ended so that nobody is left in the queue."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.sockets import HANDED_OVER, NotListening, Sockets
from tests.running import free_ports, free_socket


@pytest.fixture
def sockets() -> Iterator[Sockets]:
    found = Sockets()
    yield found
    found.close()


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with free_socket() as sock:
        sock.listen()
        yield sock


def address(sock: socket.socket) -> str:
    return f"127.0.0.1:{sock.getsockname()[1]}"


def test_a_port_that_is_taken_is_refused_in_words(sockets: Sockets, listening: socket.socket) -> None:
    with pytest.raises(NotListening, match=r"Address already in use; is another gateway running\?"):
        sockets.listen(address(listening))


def test_a_unix_socket_is_for_the_group_and_goes_with_its_owner(tmp_path: Path, sockets: Sockets) -> None:
    path = tmp_path / "g.sock"
    sockets.listen(f"unix:{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    sockets.retire()
    assert not path.exists()


def test_one_that_was_left_behind_is_replaced_and_one_of_somebody_else_stays(
    tmp_path: Path, sockets: Sockets
) -> None:
    path = tmp_path / "g.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    sockets.listen(f"unix:{path}")
    with pytest.raises(NotListening, match="Address already in use"):
        Sockets().listen(f"unix:{path}")
    # Another gateway has put its own in the place of ours by hand.
    path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        sockets.retire()
        assert path.exists()


def test_a_file_that_is_no_socket_is_never_removed(tmp_path: Path, sockets: Sockets) -> None:
    path = tmp_path / "notes"
    path.write_text("mine")
    with pytest.raises(NotListening, match="Address already in use"):
        sockets.listen(f"unix:{path}")
    assert path.read_text() == "mine"
    with pytest.raises(NotListening, match="make the folder first"):
        sockets.listen(f"unix:{tmp_path}/no/g.sock")


def test_what_a_predecessor_hands_over_is_used_and_the_rest_closed(listening: socket.socket) -> None:
    with free_socket() as other:
        other.listen()
        numbers = [os.dup(each.fileno()) for each in (listening, other)]
        environ = {HANDED_OVER: f"{numbers[0]},{numbers[1]}", "A": "b"}
        found = Sockets.of(environ)
        assert environ == {"A": "b"}
        assert found.listen(address(listening)).fileno() == numbers[0]
        found.close_rest()
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(numbers[1])
        variable, passed = found.handed_over()
        assert (variable, passed) == ({HANDED_OVER: str(numbers[0])}, [numbers[0]])
        found.close()


def test_one_of_systemd_stays_when_the_gateway_goes_and_must_be_one_that_is_configured(
    listening: socket.socket,
) -> None:
    found = Sockets.of({HANDED_OVER: f"{os.dup(listening.fileno())}s"})
    found.listen(address(listening))
    found.retire()
    found.close()
    with socket.create_connection(listening.getsockname(), 10):
        listening.accept()[0].close()
    stranger = Sockets.of({HANDED_OVER: f"{os.dup(listening.fileno())}s"})
    own = f"127.0.0.1:{free_ports(1)[0]}"
    stranger.listen(own)
    with pytest.raises(NotListening, match=f"systemd listens at {address(listening)} .* says {own}"):
        stranger.close_rest()
    stranger.close()


def test_sockets_of_systemd_for_another_process_are_none_of_ours() -> None:
    environ = {"LISTEN_FDS": "1", "LISTEN_PID": "1", "LISTEN_FDNAMES": "x"}
    Sockets.of(environ).close_rest()
    assert environ == {}


def test_a_descriptor_that_does_not_listen_is_refused() -> None:
    with free_socket() as sock:
        number = os.dup(sock.fileno())
        with pytest.raises(NotListening, match="is no listening socket"):
            Sockets.of({HANDED_OVER: str(number)})


def test_who_connects_after_the_end_has_begun_is_not_left_in_the_queue(sockets: Sockets) -> None:
    """The kernel takes no new connections, and gives out those that it has."""
    port = free_ports(1)[0]
    sock = sockets.listen(f"127.0.0.1:{port}")
    sock.listen()
    with socket.create_connection(("127.0.0.1", port), 10), socket.socket() as late:
        sockets.retire()
        late.settimeout(0.05)
        with pytest.raises(TimeoutError):
            late.connect(("127.0.0.1", port))
        sock.settimeout(10)
        sock.accept()[0].close()
        sock.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            sock.accept()
            pytest.fail("a connection was taken")
