"""Listening sockets: opened, found where they were handed over, and ended so that nobody is left in the queue."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.sockets import HANDED_OVER, NotListening, Sockets
from tests.running import free_ports, free_socket

# systemd says that it passes so many sockets, and passes none.
LISTENS = """
import os, sys
from gateway.cli.sockets import NotListening, Sockets
os.closerange(3, 100)
try:
    Sockets.of({"LISTEN_FDS": sys.argv[1], "LISTEN_PID": str(os.getpid())})
except NotListening as problem:
    print(problem)
"""


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
    path, link = tmp_path / "notes", tmp_path / "link"
    path.write_text("mine")
    link.symlink_to("nowhere")
    for each in (path, link, tmp_path):
        with pytest.raises(NotListening, match=r"File exists; what is there is no socket, and stays"):
            sockets.listen(f"unix:{each}")
    assert path.read_text() == "mine"
    assert link.is_symlink()
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


@pytest.mark.parametrize("waits", [False, True], ids=["of-a-gateway-that-serves", "as-systemd-passes-it"])
@pytest.mark.parametrize("whose", ["", "s"])
def test_taking_a_socket_over_makes_no_process_wait_that_listens_there(
    listening: socket.socket, waits: bool, whose: str
) -> None:
    listening.setblocking(waits)
    found = Sockets.of({HANDED_OVER: f"{os.dup(listening.fileno())}{whose}"})
    found.listen(address(listening)).dup().close()
    assert not os.get_blocking(listening.fileno())
    found.close()


def test_one_that_was_opened_never_waits(tmp_path: Path, sockets: Sockets) -> None:
    for where in ("127.0.0.1:0", f"unix:{tmp_path}/g.sock"):
        opened = sockets.listen(where)
        opened.dup().close()
        assert not os.get_blocking(opened.fileno())


def test_sockets_of_systemd_for_another_process_are_none_of_ours() -> None:
    environ = {"LISTEN_FDS": "1", "LISTEN_PID": "1", "LISTEN_FDNAMES": "x"}
    Sockets.of(environ).close_rest()
    assert environ == {}


def test_a_descriptor_that_does_not_listen_is_refused() -> None:
    reading, writing = os.pipe()
    with free_socket() as sock, free_socket() as closed:
        gone = closed.detach()
        os.close(gone)
        for number in (os.dup(sock.fileno()), reading, gone):
            with pytest.raises(NotListening, match=f"descriptor {number}, .* is no listening socket"):
                Sockets.of({HANDED_OVER: str(number)})
    os.close(reading)
    os.close(writing)
    with pytest.raises(NotListening, match="names no socket"):
        Sockets.of({HANDED_OVER: "x,3"})


def test_more_sockets_than_systemd_passed_are_refused_and_a_number_that_is_none_is_passed_over() -> None:
    command = [sys.executable, "-c", LISTENS, "40"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "descriptor 3, which was handed over, is no listening socket\n", done.stderr
    Sockets.of({"LISTEN_FDS": "\N{SUPERSCRIPT TWO}", "LISTEN_PID": str(os.getpid())}).close_rest()


def test_a_socket_for_all_addresses_of_both_families_is_not_taken_for_one_of_ipv4() -> None:
    """systemd opens such a one for `ListenStream=PORT`."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as both:
        port = both.getsockname()[1]
        found = Sockets.of({HANDED_OVER: f"{os.dup(both.fileno())}s"})
        with pytest.raises(
            NotListening, match=rf"systemd listens at \[::\]:{port} .* says 0\.0\.0\.0:{port}"
        ):
            found.listen(f"0.0.0.0:{port}")
        found.close()
        predecessor = Sockets.of({HANDED_OVER: f"{os.dup(both.fileno())}"})
        with pytest.raises(NotListening, match=r"that hands over listens at .*; stop it, and start it again"):
            predecessor.listen(f"127.0.0.1:{port}")
        predecessor.close_rest()


def test_a_unix_socket_whose_queue_is_full_is_in_use(tmp_path: Path, sockets: Sockets) -> None:
    path = tmp_path / "g.sock"
    with socket.socket(socket.AF_UNIX) as busy, contextlib.ExitStack() as clients:
        busy.bind(str(path))
        busy.listen(0)
        for _ in range(2):
            client = clients.enter_context(socket.socket(socket.AF_UNIX))
            client.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                client.connect(str(path))
        with pytest.raises(NotListening, match="is another gateway running"):
            sockets.listen(f"unix:{path}")


def test_a_successor_makes_the_file_of_a_unix_socket_that_is_gone_and_leaves_one_of_somebody_else(
    tmp_path: Path, sockets: Sockets
) -> None:
    path = tmp_path / "g.sock"
    sock = sockets.listen(f"unix:{path}")
    word = sockets.handed_over()[0][HANDED_OVER].partition("@")[2]

    def successor() -> Sockets:
        return Sockets.of({HANDED_OVER: f"{os.dup(sock.fileno())}@{word}"})

    first = successor()
    first.listen(f"unix:{path}")
    assert first.all[0].file == sockets.all[0].file
    path.unlink()
    second = successor()
    second.listen(f"unix:{path}")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    with pytest.raises(NotListening, match="is another gateway running"):
        successor().listen(f"unix:{path}")
    first.retire()
    assert path.exists()
    first.close()
    second.close()


def test_nobody_but_a_successor_shares_a_reserved_address(listening: socket.socket) -> None:
    with Sockets().reserve("127.0.0.1:0") as reserved:
        with pytest.raises(NotListening, match="is another gateway running"):
            Sockets().reserve(address(reserved))
        successor = Sockets.of({HANDED_OVER: str(os.dup(listening.fileno()))})
        successor.reserve(address(reserved)).close()
        successor.close_rest()


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
