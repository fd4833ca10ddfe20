"""Warns where the headers of one identity leave the register little room for the rest of a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import structlog

from gateway.caching.recent import Recent
from gateway.http_semantics import HeaderLine
from gateway.model import Identity

log = structlog.get_logger()

_AGAIN_SECONDS: Final = 3_600.0
_PEOPLE_KEPT: Final = 1_000


class SizeWarning:
    """Asked once about each identity. `limit` is the most octets that the register takes for the head of a request.

    `assertion_size` gives the octets of the assertion for an identity, `steady` seconds.
    """

    def __init__(
        self, limit: int, assertion_size: Callable[[Identity], int], *, steady: Callable[[], float]
    ) -> None:
        self._limit = limit
        self._assertion_size = assertion_size
        self._warned: Recent[tuple[str, str], bool] = Recent(_PEOPLE_KEPT, _AGAIN_SECONDS, steady)

    def __call__(self, identity: Identity, lines: Iterable[HeaderLine]) -> None:
        """Warn, once an hour for each person, if their headers and assertion take more than half of the room."""
        headers = sum(len(name) + len(value) + 4 for name, value in lines)
        assertion = self._assertion_size(identity)
        who = (identity.issuer, identity.subject)
        if 2 * (headers + assertion) <= self._limit or who in self._warned:
            return
        self._warned[who] = True
        log.warning(
            "the headers of an identity fill most of what the register takes",
            headers=headers,
            assertion=assertion,
            limit=self._limit,
            rights=len(identity.rights),
        )
