"""What operators order through the session store, and what the gateways report about it.

All of it is sealed like sessions, under each key of whoever writes, so that keys can change gateway by gateway.
"""

from __future__ import annotations

import json
import math
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.session.store import Store
from gateway.session.ticket import SessionCipher

_ORDERS: Final = "orders"
_REPORTS: Final = "gateways"
_SERVED: Final = "served"
# Of copies that none of our keys opens: each key that was dropped leaves one behind.
_MOST_OTHERS: Final = 16
_TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class LastingOrder:
    """An order that lasts. `revision` grows by one with each change; `whole` is False where a key of ours lacks a copy."""

    revision: int
    content: bytes
    whole: bool = True


class SealedElsewhere(ValueError):
    """An order that none of our keys opens; `revision` is what it says of itself."""

    def __init__(self, revision: int) -> None:
        super().__init__(
            "what operators ordered cannot be opened with the session keys of this configuration: name the key that the"
            " other gateways use in session.previous_keys"
        )
        self.revision = revision


class Board:
    """The orders and reports of one environment. Every method raises StoreUnavailable.

    `cipher` gives the cipher once the store is started; `clock` gives seconds since the epoch.
    """

    def __init__(self, store: Store, cipher: Callable[[], SessionCipher], clock: Callable[[], float]) -> None:
        self._store = store
        self._cipher = cipher
        self._clock = clock

    async def orders(self) -> Mapping[str, bytes]:
        """All orders by name, as they are stored; `read` opens them."""
        return await self._store.entries(_ORDERS, now=self._clock())

    def read(self, name: str, stored: bytes) -> LastingOrder:
        """The order. Raises SealedElsewhere."""
        revision, copies = _unpacked(stored)
        cipher = self._cipher()
        opened = [cipher.open(cipher.ticket(name), each, purpose=_ORDERS) for each in copies]
        for plain in opened:
            if plain is not None:
                found, _, content = plain.partition(b"\n")
                whole = sum(each is not None for each in opened) >= cipher.key_count
                return LastingOrder(int(found), content, whole)
        raise SealedElsewhere(revision)

    async def change(self, name: str, make: Callable[[bytes | None], bytes | None]) -> LastingOrder:
        """Replace the content of a lasting order by what `make` makes of it; None leaves it. The order as it is then.

        Raises SealedElsewhere, and what `make` raises.
        """
        for _ in range(_TRIES):
            stored = (await self.orders()).get(name)
            known = self.read(name, stored) if stored is not None else None
            content = make(known.content if known is not None else None)
            if content is None:
                return known or LastingOrder(0, b"")
            made = LastingOrder(known.revision + 1 if known is not None else 1, content)
            if await self._store.swap_entry(_ORDERS, name, stored, self._packed(name, made)):
                return made
        raise ValueError("others change the same at the same moment: try again")

    async def put_back(self, name: str, stored: bytes | None, order: LastingOrder) -> bool:
        """Put a lasting order in the place of `stored`, whose copies under other keys stay; False where that changed."""
        others: list[bytes] = []
        if stored is not None and _unpacked(stored)[0] == order.revision:
            cipher = self._cipher()
            others = [
                copy
                for copy in _unpacked(stored)[1]
                if cipher.open(cipher.ticket(name), copy, purpose=_ORDERS) is None
            ]
        packed = self._packed(name, order, others)
        return await self._store.swap_entry(_ORDERS, name, stored, packed)

    async def order(self, name: str, content: bytes, *, seconds: float) -> None:
        """Give an order that lasts for this many seconds."""
        packed = self._packed(name, LastingOrder(1, content))
        await self._store.put_entry(_ORDERS, name, packed, until=self._clock() + seconds)

    async def report(self, gateway: str, content: Mapping[str, Any], *, seconds: float) -> None:
        """Say what this process has carried out; valid for this many seconds."""
        packed = self._packed(gateway, LastingOrder(1, json.dumps(content).encode("ascii")))
        await self._store.put_entry(_REPORTS, gateway, packed, until=self._clock() + seconds)

    async def withdraw(self, gateway: str) -> None:
        """This process stops."""
        await self._store.drop_entry(_REPORTS, gateway)

    async def reports(self) -> Mapping[str, Mapping[str, Any]]:
        """What each running process reports, by its name; empty for one whose keys are all others than ours."""
        found: dict[str, Mapping[str, Any]] = {}
        for name, stored in (await self._store.entries(_REPORTS, now=self._clock())).items():
            try:
                found[name] = json.loads(self.read(name, stored).content)
            except SealedElsewhere:
                found[name] = {}
        return found

    async def time(self) -> float | None:
        """The store's own clock; None where it has none."""
        return await self._store.time()

    async def marked(self) -> bool:
        """Whether the store has the mark of `serve`, which one that lost everything has not."""
        return bool(await self._store.entries(_SERVED, now=self._clock()))

    async def served(self) -> bool:
        """Whether a gateway has ever used this store."""
        # A store that lost everything gets the reports again.
        return await self.marked() or bool(await self._store.entries(_REPORTS, now=self._clock()))

    async def serve(self) -> None:
        """Note that a gateway uses this store."""
        await self._store.put_entry(_SERVED, "first", b"1", until=math.inf)

    def _packed(self, name: str, order: LastingOrder, others: list[bytes] | None = None) -> bytes:
        cipher = self._cipher()
        plain = b"%d\n%s" % (order.revision, order.content)
        own = cipher.seal_each(cipher.ticket(name), plain, purpose=_ORDERS)
        copies = [*own, *(others or ())[:_MOST_OTHERS]]
        data = {
            "revision": order.revision,
            "copies": [b64encode(each).decode() for each in copies],
        }
        return json.dumps(data).encode("ascii")


def _unpacked(stored: bytes) -> tuple[int, list[bytes]]:
    try:
        data = json.loads(stored)
        return int(data["revision"]), [b64decode(each) for each in data["copies"]]
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return 0, []
