"""Who comes in: everything that the register shows or does is behind a proven visitor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.requests import Request

from simulator.register.assertion import HEADER, Assertions, Visitor
from simulator.register.listing import Listing
from simulator.register.pending import Pending
from simulator.register.photos import Photos
from simulator.register.reports import Reports
from simulator.web.csrf import FormTokens

_BRUSSELS = ZoneInfo("Europe/Brussels")


class NotProven(Exception):
    """No assertion, or one that does not hold: a direct call."""


class NotAllowed(Exception):
    """The visitor is known and may not do this."""


class TooLarge(Exception):
    """The body holds more bytes than this address takes."""


@dataclass(frozen=True, slots=True)
class Register:
    """What all addresses of the register work with."""

    assertions: Assertions
    reports: Reports
    listing: Listing
    photos: Photos
    pending: Pending
    tokens: FormTokens
    clock: Callable[[], float]

    def now(self) -> datetime:
        """The time in Belgium, with its zone."""
        return datetime.fromtimestamp(self.clock(), _BRUSSELS)

    async def reader(self, request: Request) -> Visitor:
        """The visitor, who may read. Raises NotProven, NotAllowed."""
        visitor = await self.assertions.visitor(request.headers.get(HEADER))
        if visitor is None:
            raise NotProven
        if not visitor.may_read:
            raise NotAllowed
        return visitor

    async def submitter(self, request: Request) -> Visitor:
        """The visitor, who may submit. Raises NotProven, NotAllowed."""
        visitor = await self.reader(request)
        if not visitor.may_submit:
            raise NotAllowed
        return visitor


def who(visitor: Visitor) -> str:
    """Whose form tokens are valid for this visitor."""
    return f"{visitor.organisation}/{visitor.sub}"


def shown_time(moment: datetime | None) -> str:
    """A time as people in Belgium read it."""
    return "" if moment is None else moment.astimezone(_BRUSSELS).strftime("%d/%m/%Y om %H:%M")


async def body_of(request: Request, limit: int) -> bytes:
    """The whole body. Raises TooLarge as soon as it is longer than `limit` bytes."""
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > limit:
            raise TooLarge
    return bytes(parts)
