"""Reads one response of the register after another out of octets; opens and closes nothing (RFC 9112)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import httptools

from gateway.errors import UpstreamBroken
from gateway.http_semantics import BODILESS, HeaderLine
from gateway.upstream.body_buffer import HIGH_WATER, STREAM, BodyBuffer
from gateway.upstream.head_repair import size_of_head, without_blanks
from gateway.upstream.known_responses import KnownResponses
from gateway.upstream.response_head import (
    MAX_HEAD,
    SWITCHING,
    check_head,
    declared_length,
    ends_at_close,
    logs_in_connection,
)

_MAX_INTERIM: Final = 32
_MAX_REPAIRS: Final = 64
_VERSIONS: Final = ("1.1", "1.0")
_PARSE_ERRORS = (httptools.HttpParserError, httptools.HttpParserUpgrade)


def _broken(problem: Exception) -> UpstreamBroken:
    return UpstreamBroken(f"not an HTTP answer: {problem.__context__ or problem}")


class ResponseReader:
    """The response to one request at a time, from `begin` on: `feed` it what arrives; the body goes into `buffer`.

    `status` is 0 until the head is complete. `headers` are in order and with lower-case names. `keep_alive`: the
    register leaves the connection open for another exchange, and did not log it in for somebody. `ends_at_close`: the
    body has no framing and ends with the connection. `bodiless`: a body was never to follow this head (RFC 9112
    section 6.3). `excess`: octets followed that belong to no response. `after_switch`: where the register answered 101 to
    a request that asked for it, the octets of the other protocol that came along; else None.
    """

    __slots__ = (
        "_fresh",
        "_head_size",
        "_interim",
        "_is_head_request",
        "_known",
        "_last",
        "_lines",
        "_may_switch",
        "_parser",
        "_raw",
        "_repairs",
        "_unfinished",
        "_went_on",
        "after_switch",
        "bodiless",
        "buffer",
        "complete",
        "ends_at_close",
        "excess",
        "headers",
        "keep_alive",
        "status",
    )

    def __init__(self, buffer: BodyBuffer, known: KnownResponses) -> None:
        self.buffer = buffer
        self._known = known
        self._may_switch = False
        self.after_switch: bytes | None = None
        self.complete = self.keep_alive = self.ends_at_close = self.bodiless = self.excess = False
        self.begin("GET")

    def begin(self, method: str) -> None:
        """Expect the response to a request of this method. Nothing of the response before can be left over: its parser is
        used again only if it came to the end of that response.
        """
        if not (self.complete and self.keep_alive) or self.bodiless or self.excess:
            self._parser = httptools.HttpResponseParser(self)
        self._is_head_request = method == "HEAD"
        self._interim = self._head_size = self._repairs = self.status = 0
        self._unfinished = self._went_on = self._last = self.complete = self.excess = False
        self._fresh = method != "HEAD"
        self._raw: list[bytes] = []
        self._lines: list[HeaderLine] = []
        self.headers: Sequence[HeaderLine] = ()

    def close(self) -> None:
        """Let go of the parser, which refers back to this object. Nothing can be read any more."""
        del self._parser

    def may_switch(self) -> None:
        """The one request on this connection asks for another protocol."""
        self._may_switch, self._fresh = True, False

    def feed(self, data: bytes) -> None:
        """Read on. Raises UpstreamBroken if this is not a valid response."""
        if not self._fresh:
            self._parse(data)
            return
        self._fresh = False
        known = self._known.read(data)
        if known is None:
            self._parse(data)
            if self.keep_alive and self.status and not (self._interim or self._repairs or self.excess):
                self._known.learn(data, self.headers)
            return
        self.status, self.headers, body, self.bodiless = known
        self.keep_alive = self.complete = True
        self.ends_at_close = False
        if body:
            self.buffer.put(body)

    def _parse(self, data: bytes) -> None:
        in_head = not self.status
        try:
            if self._unfinished:
                self._repair(data)
            else:
                self._parser.feed_data(data)
        except _PARSE_ERRORS as problem:
            if not self._ended(problem, data) and (self.status or self._unfinished or not self._repair(data)):
                raise _broken(problem) from problem
        if self._went_on or self.complete:
            if in_head and self._head_size + len(data) > MAX_HEAD:
                self._check_size(data)
            self._went_on, self._head_size = False, 0
            return
        self._head_size += len(data)
        if self._head_size > MAX_HEAD:
            # Trailers wait in the parser, and the extensions of a chunk may go on for ever.
            what = "what stands around the body" if self.status else "the head"
            raise UpstreamBroken(f"{what} of the answer is longer than {MAX_HEAD} bytes")
        if not self.status:
            self._raw.append(data)

    def _check_size(self, data: bytes) -> None:
        if size_of_head(b"".join((*self._raw, data))) > MAX_HEAD:
            raise UpstreamBroken(f"the head of the answer is longer than {MAX_HEAD} bytes")

    def _ended(self, problem: Exception, data: bytes) -> bool:
        """Whether the parser only says that these octets go on behind the end of the response."""
        if self.status == SWITCHING and isinstance(problem, httptools.HttpParserUpgrade):
            self.after_switch = data[problem.args[0] :]
        elif self.complete:
            self.excess = True
        else:
            return False
        return True

    def _repair(self, data: bytes) -> bool:
        """Read the head again without the blanks that `head_repair` knows. False if there are none."""
        octets = b"".join((*self._raw, data))
        repaired, unfinished = without_blanks(octets)
        if repaired == octets and not self._unfinished:
            return False
        self._repairs += 1
        if self._repairs > _MAX_REPAIRS:
            raise UpstreamBroken("a head with blanks before colons in too many pieces")
        self._unfinished = unfinished
        self._interim = 0
        self._lines = []
        self._parser = httptools.HttpResponseParser(self)
        try:
            self._parser.feed_data(repaired)
        except _PARSE_ERRORS as problem:
            if not self._ended(problem, repaired):
                raise _broken(problem) from problem
        return True

    # Called by the parser

    def on_message_begin(self) -> None:
        if self.complete:
            raise httptools.HttpParserError("a second answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.status:  # else a trailer
            self._lines.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        parser, headers = self._parser, self._lines
        status = parser.get_status_code()
        self._went_on = status >= 200 or status == SWITCHING
        if status == SWITCHING and self._may_switch and parser.get_http_version() == "1.1":
            check_head(status, headers)
            self.status, self.headers = status, headers
            self.bodiless = self.ends_at_close = self.keep_alive = False
            return
        if status < 200:
            self._interim += 1
            if not 100 <= status != 101 or self._interim > _MAX_INTERIM:
                raise httptools.HttpParserError(f"unexpected status {status}")
            self._lines = []
            if not parser.should_keep_alive():
                # What closes is the connection, once the final response has been sent (RFC 9112 section 9.6).
                parser.set_dangerous_leniencies(lenient_keep_alive=True)
                self._last = True
            return
        names = check_head(status, headers)
        version = parser.get_http_version()
        keep_alive = version == "1.1" and parser.should_keep_alive()
        if not keep_alive and version not in _VERSIONS:
            raise httptools.HttpParserError(f"HTTP/{version}")
        self.status, self.headers = status, headers
        if self._is_head_request or status in BODILESS:
            self.bodiless = self.complete = True
            self.ends_at_close = False
        else:
            self.bodiless = False
            self.ends_at_close = not keep_alive and ends_at_close(names)
        self.keep_alive = keep_alive and not self._last and not logs_in_connection(names, headers)

    def on_body(self, data: bytes) -> None:
        if self.complete:
            self.excess = True
        else:
            self._went_on = True
            buffer = self.buffer
            buffer.put(data)
            if len(buffer) >= STREAM and declared_length(self.headers) > HIGH_WATER:
                buffer.pause()

    def on_message_complete(self) -> None:
        if self.status:
            self.complete = True
        else:
            self._head_size = 0  # an interim response
