"""The ways in which we close a client connection."""

from __future__ import annotations

from gateway.edge.alarm import Alarm
from gateway.edge.client_socket import ClientSocket
from gateway.edge.refusals import Refusals, refusal
from gateway.edge.response_cycle import ResponseCycle

# How long a client may go on sending after the last answer, so that it gets to read it (RFC 9112 9.6).
_LINGER = 5.0


class Closing:
    """The end of one connection. Once it has begun, nothing more of the client is read as requests."""

    __slots__ = ("_alarm", "_hsts", "_refusals", "_socket", "begun", "client_sent_all")

    def __init__(self, socket: ClientSocket, alarm: Alarm, refusals: Refusals, hsts: bytes) -> None:
        self._socket = socket
        self._alarm = alarm
        self._refusals = refusals
        self._hsts = hsts
        self.begun = False
        self.client_sent_all = False

    def refuse(self, reason: str, cycle: ResponseCycle | None, head: bytes = b"", extra: bytes = b"") -> None:
        """Answer with a refusal, with these further lines, where the request at work has no answer yet; and close.

        `head` is what came of the head of a request that cannot be read.
        """
        self._refusals.count(reason)
        if cycle is not None:
            cycle.disconnect()
            if cycle.started and not cycle.complete:
                self.cut(cycle)
                return
        if cycle is None or not cycle.started:
            self._socket.write(self._refusals.answer(reason, head, extra=extra + self._hsts))
        self.linger()

    def refuse_at_once(self, reason: str) -> None:
        """Answer with a refusal and close, without a look at what the client sends."""
        self._refusals.count(reason)
        self._socket.write(refusal(reason, extra=self._hsts))
        self.close()

    def linger(self) -> None:
        """Close, but throw away for a while what still comes: a reset could take the answer from the client."""
        if self.client_sent_all or self._socket.secure:
            self.close()
            return
        self.begun = True
        self._socket.end()
        self._alarm.set(_LINGER, self.close)

    def cut(self, cycle: ResponseCycle | None) -> None:
        """Close such that the answer does not look complete."""
        if cycle is not None and cycle.unmarked_end:
            self._socket.reset_when_closed()
        if self._socket.write_paused:
            self.abort()  # nobody reads what waits, and it cannot become a whole answer
        else:
            self.close()

    def close(self) -> None:
        """Close once what was written is sent."""
        self.begun = True
        self._socket.close()

    def abort(self) -> None:
        """Close at once."""
        self.begun = True
        self._socket.abort()
