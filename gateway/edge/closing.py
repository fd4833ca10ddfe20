"""The ways in which we close a client connection."""

from __future__ import annotations

from typing import Any

from gateway.edge.alarm import Alarm
from gateway.edge.client_socket import ClientSocket
from gateway.edge.refusals import Refusals
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

        `head` is what arrived of the head of a request that cannot be read.
        """
        if cycle is not None:
            cycle.disconnect()
        if cycle is not None and cycle.started:
            self._refusals.count(reason)
            if not cycle.complete:
                self.cut(cycle)
                return
        else:
            scope = cycle.scope if cycle is not None else None
            self._answer(reason, head, scope, extra)
        self.linger()

    def refuse_at_once(self, reason: str) -> None:
        """Close without a look at what the client sends; with a refusal, where there is one for this reason."""
        if self._refusals.answered(reason):
            self._answer(reason)
            self.close()
        else:
            self._refusals.count(reason)
            self.abort()

    def _answer(
        self, reason: str, head: bytes = b"", scope: dict[str, Any] | None = None, extra: bytes = b""
    ) -> None:
        client = self._socket.client
        answer = self._refusals.answer(
            reason, head, client=client[0] if client else "", scope=scope, extra=extra + self._hsts
        )
        self._socket.write(answer)

    def linger(self) -> None:
        """Close, but throw away for a while what still comes: a reset could take the answer from the client."""
        if self.client_sent_all or self._socket.secure:
            self.close()
            return
        self.begun = True
        self._socket.discard_input()
        self._socket.end()
        self._alarm.set(_LINGER, self.close)

    def cut(self, cycle: ResponseCycle | None) -> None:
        """Close so that the answer does not look complete."""
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
