"""The requests of one client connection, one after the other, and how the connection ends.

One request is at work at a time; what follows it waits as octets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any

from gateway.edge.alarm import Alarm
from gateway.edge.client_socket import ClientSocket
from gateway.edge.closing import Closing
from gateway.edge.half_closed import HalfClosed
from gateway.edge.listener import READ, Listener
from gateway.edge.pace import BodyPace
from gateway.edge.refusals import Refused
from gateway.edge.request_reader import RequestReader
from gateway.edge.response_cycle import SWITCH, ResponseCycle
from gateway.edge.response_lines import ResponseLines
from gateway.edge.service import Service
from gateway.edge.switched import Receiver, SwitchedConnection
from gateway.edge.turns import ClientTurns
from gateway.edge.waiting import Waiting
from gateway.http_semantics import HeaderLine


class Dialogue:
    """What a client asks over one connection, and what it is answered."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        transport: asyncio.Transport,
        listener: Listener,
        service: Service,
        asgi: dict[str, Any],
        *,
        hand_over: Callable[[SwitchedConnection], None],
    ) -> None:
        """`asgi` has the parts of a scope that all connections share. `hand_over` gets the connection where it leaves HTTP."""
        self.loop = loop
        self._hand_over = hand_over
        self.hsts = listener.hsts
        self.readable = Waiting(loop)
        sock = self.socket = ClientSocket(loop, transport, listener.settings, not_read=self._not_read)
        self._listener = listener
        self._limits = listener.settings
        self._service = service
        scheme = "https" if sock.secure else "http"
        scope = {**asgi, "server": sock.server, "client": sock.client, "scheme": scheme}
        self._reader = RequestReader(self._limits, scope, listener.heads)
        self._cycle: ResponseCycle | None = None
        self._alarm = Alarm(loop)
        self._body_pace = BodyPace(
            loop,
            self._alarm,
            self._limits,
            received=lambda: self._reader.received,
            excused=self._kept_from_sending,
            late=lambda: self._refuse("body-slow", self._cycle),
        )
        self.turns = ClientTurns(listener.turns, id(self), loop)
        self._closing = Closing(sock, self._alarm, listener.refusals, self.hsts)
        self._half_closed = HalfClosed(sock, self._alarm, gone=self.give_way)
        self._rest = b""
        self._advancing = self._stopping = False

    # The connection

    def open(self) -> None:
        """Take part in the count of connections; where there is no room, say so and close."""
        client = self.socket.client
        if self.socket.gone:
            self._closing.abort()
            return
        reason = self._listener.connections.admit(self, client[0] if client else None)
        if reason is None:
            counted = self._listener.connections.counted_for(self)
            self.turns = replace(self.turns, client=counted or id(self))
            self._alarm.set(self._limits.header_timeout, self._head_late)
            self._listener.turns.shorten()
            return
        self._closing.refuse_at_once(reason)

    @property
    def idle(self) -> bool:
        """Whether no request is being answered, or waits for its turn."""
        return self._closing.begun or (self._cycle is None and not self._rest)

    def drain(self) -> None:
        """The server will stop soon: the request at work is the last one, where that can still be said."""
        if self._cycle is not None and not self._cycle.started:
            self._cycle.keep_alive = False

    @property
    def reads_body(self) -> bool:
        """Whether what comes next is a body, or thrown away: much is read at once, over and over."""
        return self._reader.has_body or self._closing.begun

    def receive(self, data: bytes) -> None:
        """Octets came."""
        if self._closing.begun:
            return
        if self._rest or self._reader.complete:
            self._rest += data
            if len(self._rest) >= READ:
                self.socket.pause_reading()
        elif self._cycle is not None or self._listener.turns.take(self.loop.time()):
            self._advance(data)
        else:
            self._rest = data
            self._go_on_in_turn()

    def receive_end(self) -> bool:
        """The client has stopped sending. Answer what has come whole; True leaves the connection open for that."""
        reader, cycle = self._reader, self._cycle
        if self._closing.begun or self.socket.secure or not (cycle or reader.begun or self._rest):
            return False
        self._closing.client_sent_all = True
        if self._rest and cycle is None:
            return True
        if not reader.complete:
            self._refuse("incomplete", self._cycle)
        elif cycle is not None:
            self._half_closed.watch(cycle)
        return True

    def lost(self) -> None:
        """The connection is gone."""
        self._listener.connections.remove(self)
        self._alarm.stop()
        self.socket.lost()
        self._reader.close()
        self._closing.begun = True
        if self._cycle is not None:
            self._cycle.disconnect()
            self._cycle = None
        # They refer back to this object: without them it goes at once, and needs no garbage collection.
        del self._body_pace, self._half_closed, self._hand_over

    def stop(self) -> None:
        """The server stops: close once the request at work, or the one that waits or arrives, is answered."""
        self._stopping = True
        if self._cycle is not None:
            self._cycle.keep_alive = False
        elif self._closing.begun or (
            self.idle and not self._reader.begun and self.socket.end_unless_unread()
        ):
            self._closing.close()

    def pause_writing(self) -> None:
        self.socket.pause_writing()

    def resume_writing(self) -> None:
        self.socket.resume_writing()

    def give_way(self) -> None:
        """Close at once, in favour of another connection."""
        self._closing.abort()

    # Requests, one after the other

    def _advance(self, data: bytes) -> None:
        """Read on in `data` until a whole request is at work; keep what follows it."""
        reader = self._reader
        begun = reader.begun
        self._advancing = True
        try:
            while data and not self._closing.begun:
                taken = reader.feed(data)
                data = b"" if taken == len(data) else data[taken:]
                if self._cycle is not None:
                    self._cycle.feed(reader.take_body(), last=reader.complete)
                elif reader.scope is not None:
                    self._begin(reader.scope)
                if reader.complete:
                    if self._cycle is not None and not self._cycle.complete:
                        break
                    self._rest = data
                    self._end()
                    if data:
                        self._go_on_in_turn(pipelined=True)
                        break
        except Refused as refused:
            self._refuse(refused.reason, self._cycle, data, refused.extra)
        finally:
            self._advancing = False
        if self._closing.begun:
            return
        self._rest = data
        if reader.has_body:
            self._watch_body(reader)
        elif reader.begun and reader.scope is None and not begun:
            self._alarm.set(self._limits.header_timeout, self._head_late)

    def _begin(self, scope: dict[str, Any]) -> None:
        """A head is complete: let the application answer, promptly where it can."""
        reader, prompt = self._reader, self._service.prompt
        cycle = self._cycle = ResponseCycle(
            self,
            scope,
            keep_alive=reader.keep_alive and not self._listener.draining and not self._stopping,
            asks_continue=reader.expects_continue,
        )
        cycle.received = reader.complete
        if self._closing.client_sent_all:
            self._half_closed.watch(cycle)
        else:
            self._alarm.clear()
        if scope["raw_target"] == b"*" and scope["method"] == "OPTIONS":
            cycle.answer(
                204, [(b"allow", self._listener.settings.allow.encode())], b""
            )  # a question about the server itself (RFC 9110 9.3.7)
        elif reader.asks_upgrade:
            scope["extensions"] = {SWITCH: cycle.switch}
            cycle.go_on(self._service.app)
        elif prompt is None or not reader.complete or not prompt(scope, cycle):
            scope["state"] = self._service.state.copy()
            cycle.go_on(self._service.app)

    def serve(self, answering: Coroutine[Any, Any, None]) -> None:
        """Run this as a task that the server waits for when it stops."""
        self._service.serve(answering, self.loop)

    def switch(self, receiver: Receiver) -> SwitchedConnection:
        """Called by the cycle when it has answered 101: what follows is another protocol's."""
        self._alarm.stop()
        self._listener.connections.hold_another_file(self)
        early, self._rest, ended = self._rest, b"", self._closing.client_sent_all
        switched = SwitchedConnection(
            self.socket, receiver, self.turns, early=early, client_sent_all=ended, gone=self.lost
        )
        if self._stopping:
            switched.stop()
        self._reader.close()
        self._hand_over(switched)
        return switched

    def answered(self) -> None:
        """Called by the cycle when its answer is complete."""
        if self._advancing:
            return
        if not self._reader.complete:
            self._closing.linger()
            return
        self._end()
        if self._rest:
            self._go_on_in_turn(pipelined=True)
        else:
            self._go_on()

    def _go_on_in_turn(self, *, pipelined: bool = False) -> None:
        """Take up what came, but others come first. `pipelined`: it came before the request ahead of it was answered."""
        if pipelined:
            self._listener.turns.shorten()
        self.turns.wait(self._go_on)

    def _go_on(self) -> bool:
        """Take up what came while others were at work; False where the connection is gone."""
        if self._closing.begun or self._cycle is not None:
            return False
        if self._rest:
            data, self._rest = self._rest, b""
            self._advance(data)
        if len(self._rest) < READ:
            self.socket.resume_reading()
        if not self._closing.begun and not self._rest:
            self._look_for_end()
        return True

    def _look_for_end(self) -> None:
        """After all that came: it may have been the last."""
        reader, cycle = self._reader, self._cycle
        if self._closing.client_sent_all and not reader.complete and (cycle or reader.begun):
            self._refuse("incomplete", cycle)
        elif cycle is None and (self._closing.client_sent_all or (self._stopping and not reader.begun)):
            self._closing.close()

    def _end(self) -> None:
        """The request at work is answered: be ready for the next one, or close."""
        cycle, self._cycle = self._cycle, None
        self._service.server.total_requests += 1
        if cycle is None or not cycle.keep_alive:
            if self._rest or not self._reader.complete:
                self._closing.linger()
            else:
                self._closing.close()
            return
        self._reader.reset()
        self._body_pace.running = False
        self._alarm.set(self._limits.keep_alive, self._closing.close)

    def _watch_body(self, reader: RequestReader) -> None:
        pace = self._body_pace
        if reader.complete:
            if pace.running:
                pace.stop()
        elif self._cycle is not None and self._cycle.complete:
            self._closing.linger()
        elif not pace.running:
            pace.start()

    # What a client does not do

    def _refuse(
        self, reason: str, cycle: ResponseCycle | None, data: bytes = b"", extra: bytes = b""
    ) -> None:
        self._closing.refuse(reason, cycle, self._reader.head(data), extra)

    def _kept_from_sending(self) -> bool:
        return self.socket.read_paused or (self._cycle is not None and self._cycle.asks_continue)

    def _head_late(self) -> None:
        if self._reader.begun:
            self._refuse("head-slow", self._cycle)
        else:
            self._closing.close()

    def _not_read(self) -> None:
        self._listener.refusals.count("answer-not-read")
        self._closing.begun = True

    # What an answer needs

    def response_lines(self, headers: Iterable[HeaderLine], *, no_length: bool = False) -> ResponseLines:
        """These lines and what uvicorn adds to every response; see `ResponseLines.of`."""
        more = self._service.server.default_headers
        return self._listener.response_lines(headers, more, no_length=no_length)

    def cut(self) -> None:
        """Close so that the answer does not look complete."""
        self._closing.cut(self._cycle)
