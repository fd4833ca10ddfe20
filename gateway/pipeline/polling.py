"""Recognises requests that pages make on their own: a screen that nobody looks at must not keep a session alive."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from gateway.edge.forms import form_type
from gateway.model import CanonicalRequest
from gateway.pages.jsf import is_partial_request
from gateway.policy.pattern import Pattern
from gateway.policy.settings import PollSettings
from gateway.responses import Message, Receive

_SOURCES: Final = ("jakarta.faces.source", "javax.faces.source")
_MOST: Final = 65_536


@dataclass(frozen=True, slots=True)
class _Poll:
    path: Pattern
    source: re.Pattern[str] | None


class Polling:
    """Distinguishes polls from what a person does."""

    def __init__(self, polls: Iterable[PollSettings]) -> None:
        self._polls = tuple(_Poll(poll.path, _pattern(poll.source)) for poll in polls)

    def may_be_poll(self, request: CanonicalRequest) -> bool:
        """Whether the request is a poll, or an Ajax call of which only the body says so."""
        return any(
            poll.path.match(request.segments) is not None and (poll.source is None or _is_ajax_form(request))
            for poll in self._polls
        )

    def watched(
        self, request: CanonicalRequest, receive: Receive, use: Callable[[], Awaitable[object]]
    ) -> Receive:
        """A `receive` for a request that may be a poll: `use` is called when its body turns out to be something else."""
        polls = [poll for poll in self._polls if poll.path.match(request.segments) is not None]
        if any(poll.source is None for poll in polls):
            return receive
        body = bytearray()
        known = False

        async def watching() -> Message:
            nonlocal known
            message = await receive()
            if not known and message["type"] == "http.request":
                body.extend(message.get("body", b""))
                if len(body) > _MOST or not message.get("more_body", False):
                    known = True
                    if len(body) > _MOST or not _comes_from(body, polls):
                        await use()
                    body.clear()
            return message

        return watching


def _is_ajax_form(request: CanonicalRequest) -> bool:
    kind = form_type(request)
    length = request.header(b"content-length") or b""
    return (
        request.method == "POST"
        and (bool(length.strip(b"0")) or request.header(b"transfer-encoding") is not None)
        and kind is not None
        and kind.lower().startswith(b"application/x-www-form-urlencoded")
        and is_partial_request(request)
    )


def _comes_from(body: bytearray, polls: Iterable[_Poll]) -> bool:
    """Whether one component made this call (Jakarta Faces 4.0, section 13.3.1), and it is one of these."""
    fields = parse_qs(bytes(body).decode("latin-1"), keep_blank_values=True)
    sources = [value for name in _SOURCES for value in fields.get(name, ())]
    return len(sources) == 1 and any(
        poll.source is not None and poll.source.fullmatch(sources[0]) for poll in polls
    )


def _pattern(source: str | None) -> re.Pattern[str] | None:
    return re.compile(re.escape(source).replace(r"\*", ".*")) if source is not None else None
