"""Whether a client sends its bodies, and takes its answers, fast enough to be worth a connection."""

from __future__ import annotations

import asyncio
import fcntl
import struct
import termios
from collections.abc import Callable

from gateway.edge.alarm import Alarm
from gateway.edge.settings import EdgeSettings

# The application notices a body that stops, too, and has a better answer.
_APPLICATION_FIRST = 1.0


def _nothing() -> None:
    pass


class BodyPace:
    """Measures the body of one request at a time; calls `late` when it comes too slowly or takes too long."""

    __slots__ = ("_alarm", "_ends", "_excused", "_late", "_limits", "_loop", "_mark", "_received", "running")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        alarm: Alarm,
        limits: EdgeSettings,
        *,
        received: Callable[[], int],
        excused: Callable[[], bool],
        late: Callable[[], None],
    ) -> None:
        """`received` says how many octets of the body are here, `excused` whether we kept the client from sending."""
        self._loop = loop
        self._alarm = alarm
        self._limits = limits
        self._received = received
        self._excused = excused
        self._late = late
        self._mark = 0
        self._ends = 0.0
        self.running = False

    def start(self) -> None:
        self.running = True
        self._ends = self._loop.time() + self._limits.body_time_limit
        self._wait()

    def stop(self) -> None:
        self.running = False
        self._alarm.clear()

    def _wait(self) -> None:
        self._mark = self._received()
        pause = self._limits.body_timeout + _APPLICATION_FIRST
        self._alarm.set(min(pause, self._ends - self._loop.time()), self._look)

    def _look(self) -> None:
        came = self._received() - self._mark
        enough = max(1, self._limits.min_rate * self._limits.body_timeout)
        if self._loop.time() >= self._ends or (came < enough and not self._excused()):
            self._late()
        else:
            self._wait()


class ReadingPace:
    """Measures how a client takes an answer that waits for it; calls `late` when it takes too little of it."""

    __slots__ = ("_alarm", "_late", "_limits", "_mark", "_transport")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        transport: asyncio.Transport,
        limits: EdgeSettings,
        late: Callable[[], None],
    ) -> None:
        self._alarm = Alarm(loop)
        self._transport = transport
        self._limits = limits
        self._late = late
        self._mark = 0

    def start(self) -> None:
        """The client has not taken what was written."""
        self._mark = self._waiting()
        self._alarm.set(self._limits.write_timeout, self._look)

    def clear(self) -> None:
        """The client has taken most of what was written."""
        self._alarm.clear()

    def stop(self) -> None:
        """The connection is gone."""
        self._alarm.stop()
        self._late = _nothing  # what it refers to refers back here

    def _look(self) -> None:
        taken = self._mark - self._waiting()
        if taken < max(1, self._limits.min_rate * self._limits.write_timeout):
            self._late()
        else:
            self.start()

    def _waiting(self) -> int:
        """Octets that the client has not acknowledged: in our buffer and in the kernel's."""
        waiting = self._transport.get_write_buffer_size()
        sock = self._transport.get_extra_info("socket")
        try:
            queued = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        except (OSError, AttributeError):
            return waiting
        return waiting + int(struct.unpack("i", queued)[0])
