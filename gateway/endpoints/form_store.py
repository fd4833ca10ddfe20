"""Kept forms in the session store: a description, and the body in pieces, all sealed under the form's secret."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.codec import Codec
from gateway.errors import FormGone, StoreUnavailable
from gateway.session.holder import Holder
from gateway.session.one_time import OneTimeStore

PIECE: Final = 262_144
"""Octets of a piece: what one form takes of memory at a time, and one call of the store."""

UPLOAD_SECONDS: Final = 600.0
"""How long a browser may take to send a form that is kept."""

# A claim that got no answer may still reach the store: once that answers, the claim is given back this many times.
_GIVEN_BACK: Final = 10
_GIVEN_BACK_EVERY: Final = 1.0

_FORM: Final = "form"
_SENT: Final = "form-sent"


@dataclass(frozen=True, slots=True)
class KeptForm:
    """What a form is without its body. `target` is path and query in origin form, `kind` the Content-Type.

    `label` names by language the rule that decided about it. `until` is in seconds since the epoch.
    """

    target: str
    kind: str
    referer: str
    size: int
    until: float
    holder: Holder
    label: Mapping[str, str]

    @property
    def pieces(self) -> int:
        """In how many pieces its body is kept."""
        return -(-self.size // PIECE)

    @property
    def address(self) -> str:
        """The path without query and path parameters, for people."""
        path = self.target.partition("?")[0]
        return "/".join(segment.partition(";")[0] for segment in path.split("/"))


_FORMS: Final = Codec(KeptForm)


class FormStore:
    """The forms by their secret (256 random bits, as a ticket), each for `seconds`. Methods raise StoreUnavailable.

    `clock` gives seconds since the epoch.
    """

    def __init__(self, one_time: OneTimeStore, clock: Callable[[], float], *, seconds: float) -> None:
        self._one_time = one_time
        self._clock = clock
        self._seconds = seconds
        self._unsure: set[asyncio.Task[None]] = set()

    async def write(self, secret: str, body: AsyncIterator[bytes]) -> int:
        """Keep a body; its size in octets. Nothing of it stays where `body` raises."""
        waiting, size, number = bytearray(), 0, 0
        try:
            async for part in body:
                waiting += part
                while len(waiting) >= PIECE:
                    await self._put_piece(secret, number, bytes(waiting[:PIECE]))
                    del waiting[:PIECE]
                    size, number = size + PIECE, number + 1
            if waiting:
                await self._put_piece(secret, number, bytes(waiting))
            return size + len(waiting)
        except BaseException:
            await self._remove_pieces(secret, number + 1)
            raise

    async def describe(self, secret: str, form: KeptForm) -> None:
        """Complete a form whose body is kept: from here on it can be found."""
        content = json.dumps(_FORMS.dump(form)).encode("ascii")
        await self._one_time.put(_FORM, secret, content, seconds=form.until - self._clock())

    @property
    def until(self) -> float:
        """Until when a form is kept that is written at this moment, in seconds since the epoch."""
        return self._clock() + self._seconds

    async def find(self, secret: str) -> KeptForm | None:
        """The form that waits under this secret, or has been sent."""
        found = await self._one_time.get(_FORM, secret)
        return _FORMS.load(json.loads(found)) if found is not None else None

    async def claim(self, secret: str, by: str) -> bool:
        """Whether the caller may send the form: only one may, in all processes. `by` is the request that sends it.

        Where this raises, the form waits on: a claim that the store takes all the same is given back.
        """
        mine = f"{self._clock()} {by}".encode("ascii")
        try:
            return await self._one_time.claim(_SENT, secret, seconds=self._seconds, by=mine)
        except StoreUnavailable:
            self._give_back_later(secret, by)
            raise

    async def sent_at(self, secret: str) -> float | None:
        """When the form was claimed, in seconds since the epoch; None where it still waits."""
        found = await self._one_time.claimed_by(_SENT, secret)
        return float(found.partition(b" ")[0]) if found is not None else None

    async def give_back(self, secret: str, by: str) -> None:
        """Let a form that this request claimed wait again, at the latest when the store answers."""
        try:
            await self._give_back(secret, by)
        except StoreUnavailable:
            self._give_back_later(secret, by)
            raise

    async def _give_back(self, secret: str, by: str) -> None:
        found = await self._one_time.claimed_by(_SENT, secret)
        if found is not None and found.endswith(f" {by}".encode("ascii")):
            await self._one_time.release(_SENT, secret)

    def _give_back_later(self, secret: str, by: str) -> None:
        task = asyncio.create_task(self._until_given_back(secret, by, self.until))
        self._unsure.add(task)
        task.add_done_callback(self._unsure.discard)

    async def _until_given_back(self, secret: str, by: str, until: float) -> None:
        times = 0
        while times < _GIVEN_BACK and self._clock() < until:
            await asyncio.sleep(_GIVEN_BACK_EVERY)
            with contextlib.suppress(StoreUnavailable):
                await self._give_back(secret, by)
                times += 1

    async def body(self, secret: str, form: KeptForm) -> AsyncIterator[bytes]:
        """The body in its pieces, which stay. Raises FormGone where one is missing."""
        for number in range(form.pieces):
            piece = await self._one_time.get(_piece(number), secret)
            if piece is None:
                raise FormGone("a piece of the form is gone")
            yield piece

    async def remove_body(self, secret: str, form: KeptForm) -> None:
        """Forget the body of a form that has been sent."""
        await self._remove_pieces(secret, form.pieces)

    async def _put_piece(self, secret: str, number: int, content: bytes) -> None:
        # Longer than the description, which is written last: a form that can be found is whole.
        seconds = self._seconds + UPLOAD_SECONDS + 60
        await self._one_time.put(_piece(number), secret, content, seconds=seconds)

    async def _remove_pieces(self, secret: str, count: int) -> None:
        for number in range(count):
            await self._one_time.release(_piece(number), secret)


def _piece(number: int) -> str:
    return f"form-piece-{number}"
