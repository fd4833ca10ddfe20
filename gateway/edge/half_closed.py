"""Whether a client that has stopped sending still reads."""

from __future__ import annotations

from collections.abc import Callable

from gateway.edge.alarm import Alarm
from gateway.edge.client_socket import ClientSocket
from gateway.edge.response_cycle import ResponseCycle

# Seconds between two looks, and after how many looks something is written again.
_LOOK = 0.5
_LOOKS_PER_SIGN = 10
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class HalfClosed:
    """Watches the client of one connection. That it is gone only shows when something is written to it."""

    __slots__ = ("_alarm", "_cycle", "_gone", "_looks", "_socket")

    def __init__(self, socket: ClientSocket, alarm: Alarm, *, gone: Callable[[], None]) -> None:
        self._socket = socket
        self._alarm = alarm
        self._gone = gone
        self._looks = 0
        self._cycle: ResponseCycle | None = None

    def watch(self, cycle: ResponseCycle) -> None:
        """Look until this request is answered; `gone` is called where the client has left."""
        self._cycle = cycle
        self._looks = 0
        self._alarm.set(_LOOK, self._look)

    def _look(self) -> None:
        cycle, socket = self._cycle, self._socket
        if cycle is None or cycle.complete:
            return
        gone = socket.is_reset()
        if cycle.started or cycle.scope["http_version"] == "1.0":
            # A client that slowly takes in what waits for it has not left; whether it is fast enough is for ReadingPace.
            silent = not socket.wrote and not socket.write_paused
            gone = gone or (silent and (cycle.started or self._looks == _LOOKS_PER_SIGN))
        elif self._looks % _LOOKS_PER_SIGN == 0:
            socket.write(_CONTINUE)  # allowed before any answer (RFC 9110 15.2)
        if gone:
            if cycle.unmarked_end:
                socket.reset_when_closed()  # if it is there after all, it must not take the end for that of the answer
            self._gone()
            return
        socket.wrote = False
        self._looks += 1
        self._alarm.set(_LOOK, self._look)
