"""The socket of one client connection: writing, pausing, and the ways to close it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import socket
import struct
import termios
from collections.abc import Callable

from gateway.edge.discarding import DiscardingProtocol
from gateway.edge.pace import ReadingPace
from gateway.edge.settings import EdgeSettings
from gateway.edge.waiting import Waiting

# How much of an answer may wait in the kernel: a client that does not read costs this, and not megabytes.
_TCP_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", 25)
_UNSENT = 131_072
# How much more may wait here, until it is nearly gone: the piece that is being written comes on top.
_UNWRITTEN, _NEARLY_WRITTEN = 16_384, 4_096
_TCP_CLOSE = 7  # a state of TCP_INFO (include/net/tcp_states.h): the peer has reset the connection


class ClientSocket:
    """Wraps a transport. A client that does not read what is written to it loses the connection in the end."""

    __slots__ = (
        "_held", "_pace", "_read_paused", "_transport", "client", "gone", "secure", "server", "writable", "write_paused", "wrote",
    )  # fmt: skip

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        transport: asyncio.Transport,
        limits: EdgeSettings,
        *,
        not_read: Callable[[], None],
    ) -> None:
        """`not_read` is called when the client has stopped reading; then the connection is gone."""
        self._transport = transport
        transport.set_write_buffer_limits(_UNWRITTEN, _NEARLY_WRITTEN)
        self._read_paused = self._held = False
        self.client: tuple[str, int] | None = None
        """Address and port of the client; None for a local socket."""
        self.gone = False
        """Whether the client had reset the connection before it was taken."""
        self.server: tuple[str, int | None] | None = None
        """Address and port of our side, or the path of a local socket."""
        self._look_at(transport.get_extra_info("socket"))
        self.secure = transport.get_extra_info("sslcontext") is not None
        self.write_paused = False
        self.writable = Waiting(loop)
        self.wrote = False
        """Whether something was written since this was last set to False."""

        def stopped() -> None:
            transport.abort()
            not_read()

        self._pace = ReadingPace(loop, transport, limits, stopped)

    def _look_at(self, of_transport: socket.socket) -> None:
        """Read both addresses and set the options of the socket: all at once, as each use of it makes a new socket object."""
        family = of_transport.family
        sock = socket.socket(family, socket.SOCK_STREAM, 0, of_transport.fileno())
        try:
            try:
                peer = sock.getpeername()
            except OSError:
                self.gone = True
                return
            own = sock.getsockname()
            if family == socket.AF_UNIX:
                self.server = (own, None) if isinstance(own, str) else None
                return
            self.client, self.server = (peer[0], peer[1]), (own[0], own[1])
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, _UNSENT)
        finally:
            sock.detach()

    @property
    def _socket(self) -> socket.socket:
        found: socket.socket = self._transport.get_extra_info("socket")
        return found

    @property
    def read_paused(self) -> bool:
        return self._read_paused or self._held

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self.wrote = True
            self._transport.write(data)

    def pause_writing(self) -> None:
        """The transport has enough to write."""
        self.write_paused = True
        self._pace.start()

    def resume_writing(self) -> None:
        """The transport has written most of it."""
        self.write_paused = False
        if not self._transport.is_closing():
            self._pace.clear()
        self.writable.wake()

    def pause_reading(self) -> None:
        if not self._read_paused and not self._transport.is_closing():
            self._read_paused = True
            if not self._held:
                self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._read_paused and not self._transport.is_closing():
            self._read_paused = False
            if not self._held:
                self._transport.resume_reading()

    def hold_reading(self) -> bool:
        """Read nothing before `go_on_reading`, whoever resumes; False where that holds already, or the connection closes."""
        if self._held or self._transport.is_closing():
            return False
        self._held = True
        if not self._read_paused:
            self._transport.pause_reading()
        return True

    def go_on_reading(self) -> bool:
        """After `hold_reading`; False where the connection is gone or closes."""
        self._held = False
        if self._transport.is_closing():
            return False
        if not self._read_paused:
            self._transport.resume_reading()
        return True

    def is_reset(self) -> bool:
        """Whether the client's side has answered with a reset to what was written."""
        if self.client is None:
            return False
        return self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _TCP_CLOSE

    def reset_when_closed(self) -> None:
        """Close with a reset instead of an end, for an answer whose end is that of the connection."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def end(self) -> None:
        """Say that nothing more is written, and go on reading."""
        if not self._transport.is_closing():
            self._transport.write_eof()
            self.resume_reading()

    def discard_input(self) -> None:
        """Read on, but drop what comes."""
        if not self._transport.is_closing():
            protocol = self._transport.get_protocol()
            assert isinstance(protocol, asyncio.BufferedProtocol)
            self._transport.set_protocol(DiscardingProtocol(protocol))

    def close(self) -> None:
        """Close once all is written, or the client does not take it in time."""
        self._transport.close()
        if self._transport.get_write_buffer_size():
            self._pace.start()

    def end_unless_unread(self) -> bool:
        """Say at once that nothing more is written, unless something of the client waits to be read; whether that was said.

        Between this check and the end the event loop does not run, in which a request could arrive.
        """
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self._socket.fileno())) as same:
            if struct.unpack("i", fcntl.ioctl(same, termios.FIONREAD, bytes(4)))[0]:
                return False
            if not self.secure and not self._transport.get_write_buffer_size():
                same.shutdown(socket.SHUT_WR)
        return True

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def lost(self) -> None:
        """The connection is gone."""
        self._pace.stop()
