"""Where `gateway serve` listens: at sockets that systemd or a predecessor hands over, or that it opens itself."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
import struct
from array import array
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from gateway.files.real_path import real_path
from gateway.settings import UNIX

# The first descriptor that systemd passes (sd_listen_fds(3)).
_FIRST: Final = 3
_BACKLOG: Final = 2048
_HINTS: Final = {
    errno.EADDRINUSE: "is another gateway running?",
    errno.EACCES: "ports below 1024 need the capability CAP_NET_BIND_SERVICE; use another port",
    errno.EADDRNOTAVAIL: "this machine does not have that address; 0.0.0.0 means all that it has",
}
_FILE_HINTS: Final = {
    errno.EADDRINUSE: "is another gateway running?",
    errno.EACCES: "may this account write in that folder?",
    errno.ENOENT: "make the folder first; RuntimeDirectory= does that in a unit of systemd",
    errno.EEXIST: "what is there is no socket, and stays: move it, or choose another path",
}
# Classic BPF that drops a TCP segment with SYN, and passes all others: (code, jump if true, if false, operand).
_DROP_SYN: Final = (
    (0x30, 0, 0, 13),  # load the octet with the flags
    (0x45, 0, 1, 0x02),  # is SYN among them?
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # pass
)
_SO_ATTACH_FILTER: Final = getattr(socket, "SO_ATTACH_FILTER", 26)
HANDED_OVER: Final = "TOEGANGSPOORT_SOCKETS"
"""The variable with which a gateway names the sockets that it hands over to its successor."""
# A descriptor; `s` where systemd opened it; device and inode of the file of a unix socket.
_WORD: Final = re.compile(r"([0-9]{1,9})(s?)(?:@([0-9]+):([0-9]+))?")

FileId = tuple[int, int]
"""Device and inode."""


class NotListening(ValueError):
    """An address cannot be listened at; the words are for operators."""


@dataclass(frozen=True, slots=True)
class ListeningSocket:
    """One listening socket. `own`: a gateway opened it, so that it ends with the gateway; those of systemd stay.

    It never waits: whether it does belongs to the socket and not to a process, so one process that made it wait would stop
    the event loops of all others that listen there, its predecessor's as well.
    """

    address: str
    socket: socket.socket
    own: bool = True
    file: FileId | None = field(default=None)
    """The file of a unix socket that a gateway made."""

    def retire(self) -> None:
        """Let the kernel take no new connections; those that it has taken can still be accepted.

        A closing socket resets what waits in its queue. So a connection that begins now is left without an answer, and
        meets a closed port, or the next gateway, when it tries again a second later (RFC 6298).
        """
        if not self.own:
            return
        if self.socket.family == socket.AF_UNIX:
            self._remove_file()
            return
        code = array("B", b"".join(struct.pack("HBBI", *each) for each in _DROP_SYN))
        # struct sock_fprog: the number of instructions, and where they are.
        program = struct.pack("HP", len(_DROP_SYN), code.buffer_info()[0])
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)

    def _remove_file(self) -> None:
        path = Path(self.address.removeprefix(UNIX))
        with contextlib.suppress(OSError):
            if _identity(path) == self.file:
                path.unlink()


class InheritedSocket(NamedTuple):
    """A socket that this process was given; see ListeningSocket."""

    socket: socket.socket
    own: bool
    file: FileId | None = None

    @property
    def reachable(self) -> bool:
        """Whether clients still find it: the file of a unix socket can be gone, or be of somebody else."""
        return self.file is None or _identity(Path(_bound(self.socket)[0])) == self.file


class Sockets:
    """The sockets that this process was given, each by the address that it listens at."""

    def __init__(self, given: Sequence[InheritedSocket] = (), *, succeeds: bool = False) -> None:
        """`succeeds`: a gateway started this process to take its place."""
        self._given = list(given)
        self._succeeds = succeeds
        self.all: list[ListeningSocket] = []
        self._new: list[ListeningSocket] = []

    @classmethod
    def of(cls, environ: MutableMapping[str, str]) -> Sockets:
        """Those that these variables name, which are removed: no process that this one starts may take them for its own.

        Raises NotListening for what is no listening socket.
        """
        handed_over = environ.pop(HANDED_OVER, "")
        return cls([*_of_systemd(environ), *_of_predecessor(handed_over)], succeeds=bool(handed_over))

    def listen(self, address: str) -> socket.socket:
        """The socket for this address: a given one, or else a new one. Raises NotListening."""
        wanted = _resolved(address)
        found = next((each for each in self._given if _bound(each.socket) in wanted), None)
        if found is not None:
            self._given.remove(found)
            if not found.reachable:
                found.socket.close()
                found = None
        if found is None:
            self._check_given(address, wanted)
            listening = _open(address)
            self._new.append(listening)
        else:
            listening = ListeningSocket(address, *found)
        listening.socket.setblocking(False)
        self.all.append(listening)
        return listening.socket

    def _check_given(self, address: str, wanted: set[tuple[str, int]]) -> None:
        """A given socket that has the same port on other addresses is in the way of a new one. Raises NotListening."""
        ports = {port for _, port in wanted if port}
        for each in self._given:
            if _bound(each.socket)[1] not in ports:
                continue
            if not each.own:
                raise _not_configured(each.socket, address)
            raise NotListening(
                f"cannot listen on {address}: the gateway that hands over listens at {_words(each.socket)}; stop it, and"
                " start it again"
            )

    def reserve(self, address: str) -> socket.socket:
        """A socket that keeps this address for processes that each listen there by themselves (SO_REUSEPORT).

        It is never handed over: a successor listens there too. Nobody else may, as the kernel would divide the
        connections among them. Raises NotListening.
        """
        if not self._succeeds:
            _open(address).socket.close()
        return _open(address, socket.SO_REUSEPORT).socket

    def close_rest(self) -> None:
        """Close what a predecessor listened at and this configuration does not. Raises NotListening for one of systemd.

        systemd goes on listening at its sockets: whoever connects there would wait forever.
        """
        for each in self._given:
            problem = _not_configured(each.socket, ", ".join(at.address for at in self.all))
            each.socket.close()
            if not each.own:
                raise problem

    def retire(self, *, only_new: bool = False) -> None:
        """Let the kernel take no new connections at those that end with the gateway; with `only_new`, at those that it opened."""
        for each in self._new if only_new else self.all:
            each.retire()

    def close(self) -> None:
        """Close the copies of this process."""
        for sock in (*(each.socket for each in self.all), *(each.socket for each in self._given)):
            sock.close()

    def handed_over(self) -> tuple[dict[str, str], list[int]]:
        """The variable that names them for a successor, and the descriptors that it must inherit."""
        return {HANDED_OVER: ",".join(map(_word, self.all))}, [each.socket.fileno() for each in self.all]


def _word(each: ListeningSocket) -> str:
    file = f"@{each.file[0]}:{each.file[1]}" if each.file is not None else ""
    return f"{each.socket.fileno()}{'' if each.own else 's'}{file}"


def _of_systemd(environ: MutableMapping[str, str]) -> list[InheritedSocket]:
    number, pid = environ.pop("LISTEN_FDS", ""), environ.pop("LISTEN_PID", "")
    environ.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()) or not (number.isascii() and number.isdigit()):
        return []
    return [InheritedSocket(_adopted(each), own=False) for each in range(_FIRST, _FIRST + int(number))]


def _of_predecessor(named: str) -> list[InheritedSocket]:
    return [_given(each) for each in named.split(",") if each]


def _given(word: str) -> InheritedSocket:
    found = _WORD.fullmatch(word)
    if found is None:
        raise NotListening(f"{HANDED_OVER}={word!r} names no socket: unset it, only a gateway writes it")
    number, of_systemd, device, inode = found.groups()
    return InheritedSocket(
        _adopted(int(number)), not of_systemd, (int(device), int(inode)) if device else None
    )


def _adopted(number: int) -> socket.socket:
    refused = NotListening(f"descriptor {number}, which was handed over, is no listening socket")
    try:
        sock = socket.socket(fileno=number)
    except OSError:
        raise refused from None
    if sock.type != socket.SOCK_STREAM or not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        sock.close()
        raise refused
    sock.set_inheritable(False)
    return sock


def _not_configured(sock: socket.socket, configured: str) -> NotListening:
    where = _words(sock)
    return NotListening(
        f"systemd listens at {where} for the gateway, but the configuration says {configured}: write the same"
        f" address in ListenStream= and in the configuration"
    )


def _open(address: str, sharing: int = socket.SO_REUSEADDR) -> ListeningSocket:
    if address.startswith(UNIX):
        return _open_file(address)
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, sharing, 1)
    try:
        sock.bind((host.strip("[]"), int(port)))
    except OSError as problem:
        sock.close()
        raise _cannot(address, problem, _HINTS, "is the address right?") from problem
    return ListeningSocket(address, sock)


def _open_file(address: str) -> ListeningSocket:
    """A unix socket that the file's group may use; it takes the place of one that nothing listens on any more."""
    path = Path(address.removeprefix(UNIX))
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _is_served(path):
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        if path.is_socket():
            path.unlink()
        elif os.path.lexists(path):
            raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))
        before = os.umask(0o117)
        try:
            sock.bind(str(path))
        finally:
            os.umask(before)
        # From here on nobody takes it for one that was left behind.
        sock.listen(_BACKLOG)
        return ListeningSocket(address, sock, file=_identity(path))
    except OSError as problem:
        sock.close()
        raise _cannot(str(path), problem, _FILE_HINTS, "is the path right?") from problem


def _is_served(path: Path) -> bool:
    """Whether somebody listens there, even one that takes no connections at the moment."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.setblocking(False)
        try:
            other.connect(str(path))
        except BlockingIOError:
            return True
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True


def _cannot(where: str, problem: OSError, hints: Mapping[int, str], otherwise: str) -> NotListening:
    hint = hints.get(problem.errno or 0, otherwise)
    return NotListening(f"cannot listen on {where}: {problem.strerror or problem}; {hint}")


def _identity(path: Path) -> FileId | None:
    with contextlib.suppress(OSError):
        found = path.lstat()
        return found.st_dev, found.st_ino
    return None


def _resolved(address: str) -> set[tuple[str, int]]:
    """Every (host, port) that this address means; a path has port 0."""
    if address.startswith(UNIX):
        return {(str(real_path(Path(address.removeprefix(UNIX)))), 0)}
    host, _, port = address.rpartition(":")
    with contextlib.suppress(OSError):
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
        return {(str(each[4][0]), int(each[4][1])) for each in found}
    return set()


def _bound(sock: socket.socket) -> tuple[str, int]:
    name = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        return str(real_path(Path(os.fsdecode(name)))), 0
    return name[0], name[1]


def _words(sock: socket.socket) -> str:
    host, port = _bound(sock)
    return f"{UNIX}{host}" if not port else f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
