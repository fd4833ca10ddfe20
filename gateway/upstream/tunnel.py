"""Carries a WebSocket between a client and the register once both have agreed to it, and ends it in order.

No task and no copy for a frame: what arrives at one side is written to the other in the same call.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, Protocol

from gateway.upstream.frames import GOING_AWAY, PROTOCOL_ERROR, TOO_BIG, FrameGuard, close_frame

_WORDS: Final = {GOING_AWAY: "stopping", PROTOCOL_ERROR: "protocol-error", TOO_BIG: "message-too-big"}
# Seconds: how long a Close frame that must go out waits for the end of a frame that is under way.
_REST_OF_FRAME: Final = 1.0


class Peer(Protocol):
    """One end of the tunnel, as a connection that was handed over."""

    def write(self, data: bytes) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def end(self) -> None:
        """Stop sending, and go on reading."""

    def close(self) -> None:
        """Close once all is written."""

    def abort(self) -> None:
        """Close at once."""


@dataclass(frozen=True, slots=True)
class TunnelLimits:
    """`max_message` in octets of payload; `idle` in seconds without an octet from either side; `close` in seconds for the
    answer to a Close frame. `compressed`: permessage-deflate was agreed on.
    """

    max_message: int
    idle: float
    close: float
    compressed: bool


class End:
    """One end of the tunnel: what its peer sends goes through `guard` to the other end."""

    __slots__ = (
        "_other",
        "_tunnel",
        "answered",
        "gone",
        "guard",
        "last_words",
        "masks",
        "over",
        "peer",
        "silent",
    )

    def __init__(self, tunnel: Tunnel, guard: FrameGuard, *, masks: bool) -> None:
        """`masks`: what we send to this peer is masked, as it is to a server."""
        self._tunnel = tunnel
        self.guard = guard
        self.masks = masks
        self.peer: Peer
        self.last_words: bytes | None = None
        """Our Close frame, which waits for the end of a frame."""
        self.answered = False
        """Whether this peer was sent a Close frame, ours or the other's: nothing follows it."""
        self.silent = False
        """Whether this peer has stopped sending."""
        self.gone = False
        self.over = False
        """Whether nothing of this peer is passed on any more: it sent a Close frame, or something wrong."""

    def join(self, other: End) -> None:
        self._other = other

    # Called by the connection

    def received(self, data: bytes) -> None:
        """Octets came from this peer."""
        self._tunnel.heard()
        other, guard = self._other, self.guard
        if other.last_words is not None:
            # Of what is under way only the rest of one frame still passes.
            rest = data[: guard.left]
            guard.feed(rest)
            other.peer.write(rest)
            data = data[len(rest) :]
            if not guard.left:
                other.say_goodbye()
        passed = guard.feed(data)
        if passed and not other.answered:
            other.peer.write(passed)
        if (guard.closed or guard.fault) and not self.over:
            self.over = True
            self._tunnel.said_goodbye(self)

    def ended(self) -> None:
        """This peer has stopped sending."""
        self.silent = True
        self._tunnel.ended_by(self)

    def lost(self) -> None:
        """The connection is gone."""
        if self.gone:
            return
        self.gone = self.silent = True
        self._tunnel.ended_by(self)

    def paused(self) -> None:
        """This peer has enough to take in."""
        self._other.peer.pause_reading()

    def resumed(self) -> None:
        """This peer has taken in most of it."""
        self._other.peer.resume_reading()

    def stopping(self) -> None:
        """The server stops."""
        self._tunnel.close(GOING_AWAY)

    # Called by the tunnel

    def close(self, code: int, reason: str) -> None:
        """Send a Close frame, at once or after the frame that is on its way to this peer."""
        if self.answered or self.gone:
            return
        self.last_words = close_frame(code, reason, masked=self.masks)
        if not self._other.guard.left:
            self.say_goodbye()

    def say_goodbye(self) -> None:
        """Send our Close frame, unless the other end's has just passed."""
        words, self.last_words = self.last_words, None
        self.answered = True
        if words is not None and not self._other.guard.closed:
            self.peer.write(words)
        self.settle()

    def leave(self) -> None:
        """It is over: refer to nothing, so that all goes at once."""
        del self._tunnel, self._other, self.peer

    def settle(self) -> None:
        """Close the connection once Close frames went both ways."""
        if not self.answered or self.gone:
            return
        if self.guard.closed or self.silent:
            self.peer.close()
        elif self.guard.fault:
            self.peer.end()  # what it still sends is thrown away: a reset could take the Close frame from it


class Tunnel:
    """`client` and `register` are its two ends, joined to their connections by `open`.

    `ended_why` is set where the gateway ended it by itself: protocol-error, message-too-big, idle or stopping.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: TunnelLimits) -> None:
        self._loop = loop
        self._limits = limits
        self.client, self.register = (
            End(
                self,
                FrameGuard(masked=masked, compressed=limits.compressed, max_message=limits.max_message),
                masks=not masked,
            )
            for masked in (True, False)
        )
        self.client.join(self.register)
        self.register.join(self.client)
        self._finished: asyncio.Future[None] = loop.create_future()
        self.ended_why = ""
        self._heard_at = loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False

    def open(self, client: Peer, register: Peer) -> None:
        """Both connections are here; what arrives may pass."""
        self.client.peer, self.register.peer = client, register
        self._timer = self._loop.call_later(self._limits.idle, self._look_if_idle)

    async def wait(self) -> None:
        """Until both connections are gone."""
        await asyncio.shield(self._finished)

    def heard(self) -> None:
        """Octets came from one of the ends."""
        self._heard_at = self._loop.time()

    def close(self, code: int, reason: str = "") -> None:
        """End it: both ends get a Close frame, each between two frames. Without effect once it is ending."""
        if self._closing or self._finished.done():
            return
        reason = reason or _WORDS.get(code, "")
        self.ended_why = reason
        ends = self.client, self.register
        for end in ends:
            end.close(code, reason)
        self._wind_down(_REST_OF_FRAME if any(end.last_words for end in ends) else self._limits.close)

    def abort(self) -> None:
        """End it at once."""
        if self._finished.done():
            return
        for end in (self.client, self.register):
            if not end.gone:
                end.peer.abort()

    # What the ends report

    def said_goodbye(self, end: End) -> None:
        """This end has sent its Close frame, or something that is wrong."""
        if end.guard.fault:
            if self._closing:
                end.settle()
            self.close(end.guard.fault)
            return
        other = self._other(end)
        if other.last_words is None:
            other.answered = True
        if not self._closing:
            self._wind_down(self._limits.close)
        end.settle()
        other.settle()

    def ended_by(self, end: End) -> None:
        """This end has stopped sending, or is gone."""
        other = self._other(end)
        if end.gone and other.gone:
            self._finish()
            return
        if not self._closing:
            self._wind_down(self._limits.close)
        if other.gone or end.answered:
            end.peer.close()
        elif end.gone or other.silent:
            other.peer.close()
        else:
            other.peer.end()

    def _other(self, end: End) -> End:
        return self.register if end is self.client else self.client

    def _finish(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._finished.done():
            self._finished.set_result(None)
            self.client.leave()
            self.register.leave()

    # Time

    def _look_if_idle(self) -> None:
        left = self._heard_at + self._limits.idle - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look_if_idle)
        else:
            self.close(GOING_AWAY, "idle")

    def _wind_down(self, seconds: float) -> None:
        self._closing = True
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._hurry)

    def _hurry(self) -> None:
        """What was waited for did not come. An end that got no Close frame loses its connection first."""
        waiting = [end for end in (self.client, self.register) if end.last_words is not None]
        if not waiting:
            self.abort()
            return
        for end in waiting:
            end.last_words = None
            end.answered = True
            end.peer.abort()
        self._wind_down(self._limits.close)
