"""A client connection that left HTTP for another protocol: passes on what the transport reports to a receiver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from gateway.edge.client_socket import ClientSocket
from gateway.edge.turns import ClientTurns


class Receiver(Protocol):
    """What takes in the other protocol."""

    def received(self, data: bytes) -> None:
        """Octets came."""

    def ended(self) -> None:
        """The client has stopped sending."""

    def lost(self) -> None:
        """The connection is gone."""

    def paused(self) -> None:
        """The client has enough to take in."""

    def resumed(self) -> None:
        """The client has taken in most of it."""

    def stopping(self) -> None:
        """The server stops."""


class SwitchedConnection:
    """Nothing is passed on before `start`; `write` and what stands beside it are for the receiver."""

    reads_body = True

    def __init__(
        self,
        socket: ClientSocket,
        receiver: Receiver,
        turns: ClientTurns,
        *,
        early: bytes,
        client_sent_all: bool,
        gone: Callable[[], None],
    ) -> None:
        """`early` came behind the request. `gone` is called when the connection is gone. `turns` are the client's."""
        self._socket = socket
        self._receiver = receiver
        self._early = early
        self._client_sent_all = client_sent_all
        self._gone = gone
        self.turns = turns
        """Of the client, also for what comes from elsewhere."""
        self._stopping = False
        self._started = False

    def start(self) -> None:
        """Begin with what came already: when it is this client's turn, as it may be thousands of frames."""
        if self._socket.write_paused:
            # What was answered before it waits for the client still. The transport says so only once.
            self._receiver.paused()
        if self._early and self._socket.hold_reading():
            self.turns.wait(self._begin_in_turn)
        else:
            self._begin()

    def _begin_in_turn(self) -> bool:
        gone = not self._socket.go_on_reading()
        if not gone:
            self._begin()
        return not gone

    def _begin(self) -> None:
        self._started = True
        # First: what is passed on may have to stop it again.
        self._socket.resume_reading()
        early, self._early = self._early, b""
        if early:
            self._receiver.received(early)
        if self._client_sent_all:
            self._receiver.ended()
        if self._stopping:
            self._receiver.stopping()

    # Called by the protocol

    def receive(self, data: bytes) -> None:
        if self._started:
            self._receiver.received(data)
        else:
            self._early += data

    def receive_end(self) -> bool:
        self._client_sent_all = True
        if self._started:
            self._receiver.ended()
        return not self._socket.secure

    def lost(self) -> None:
        self._gone()
        self._receiver.lost()

    def drain(self) -> None:
        """The server will stop soon; until then nothing changes here."""

    def stop(self) -> None:
        self._stopping = True
        if self._started:
            self._receiver.stopping()

    def pause_writing(self) -> None:
        self._socket.pause_writing()
        self._receiver.paused()

    def resume_writing(self) -> None:
        self._socket.resume_writing()
        self._receiver.resumed()

    # Called by the receiver

    def write(self, data: bytes) -> None:
        self._socket.write(data)

    def pause_reading(self) -> None:
        self._socket.pause_reading()

    def resume_reading(self) -> None:
        self._socket.resume_reading()

    def end(self) -> None:
        """Stop sending, and go on reading."""
        if self._socket.secure:
            self._socket.close()
        else:
            self._socket.end()

    def close(self) -> None:
        """Close once all is written."""
        self._socket.close()

    def abort(self) -> None:
        """Close at once."""
        self._socket.abort()
