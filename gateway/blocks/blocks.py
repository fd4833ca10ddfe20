"""Whether somebody is blocked at this moment, by what operators order while the gateway runs.

Blocks come from the session store, for all gateways, and from a file, for those of this machine: both are in force.
Requests wait for neither. What cannot be read changes nothing: the blocks in force stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import structlog

from gateway.blocks.block_list import BLOCKS, Block
from gateway.blocks.settings import BlockSettings
from gateway.caching.object_memo import ObjectMemo
from gateway.events import BlocksChanged, BlocksLoaded, OnEvent, ignore
from gateway.key_files.keyring import Key
from gateway.model import NOTHING, Identity
from gateway.orders.orders_in_force import OrdersInForce

log = structlog.get_logger()

Names = Callable[[Identity], Mapping[str, str]]


class Blocks:
    """The blocks of one environment in one worker process.

    `keys` reads those for pseudonyms, and `names` makes of them a function from an identity to its pseudonyms by the
    id of each key.
    """

    def __init__(
        self,
        settings: BlockSettings,
        path: Path,
        *,
        environment: str,
        keys: Callable[[], Sequence[Key]],
        names: Callable[[Sequence[Key]], Names],
        clock: Callable[[], float],
        on_event: OnEvent = ignore,
    ) -> None:
        self._read_keys = keys
        self._make_names = names
        self._names: Names = lambda _identity: NOTHING
        self._keys: frozenset[str] = frozenset()
        self._clock = clock
        self._on_event = on_event
        self._by_value: Mapping[tuple[str, str], tuple[Block, ...]] = {}
        self._orders = OrdersInForce(
            BLOCKS,
            path,
            environment,
            changed=self._changed,
            look_every=settings.look_every,
            on_event=on_event,
        )
        self._started = False
        self._lost = ""

    async def start(self) -> None:
        """Read the blocks and begin to watch the file. Raises ValueError where there is one that cannot be read.

        Makes an empty file where there is none: by that `gateway block` knows that a gateway reads it.
        """
        self.use_keys(self._read_keys())
        await self._orders.start()
        self._by_value = _by_value(self.known)
        self._judge_keys()
        self._started = True
        self._on_event(BlocksLoaded(tuple(block.id for block in self.known)))

    def use_keys(self, keys: Sequence[Key]) -> None:
        """Know people by their pseudonyms under these keys from now on."""
        self._names, self._keys = ObjectMemo(self._make_names(keys)), frozenset(key.id for key in keys)
        self._judge_keys()

    async def aclose(self) -> None:
        """Stop watching."""
        await self._orders.aclose()

    @property
    def trouble(self) -> str:
        """Why the file cannot be read, or which blocks no key finds; empty where all is well."""
        return "; ".join(filter(None, (self._orders.unread, self._lost)))

    @property
    def known(self) -> tuple[Block, ...]:
        """All blocks, also those that have expired."""
        return self._orders.known

    def take_shared(self, content: bytes, source: str) -> None:
        """Put into force the blocks that all gateways share. Raises ValueError where they cannot be read; then nothing changes."""
        self._orders.take_shared(content, source)

    def of(self, identity: Identity, now: float) -> Block | None:
        """The block that keeps this person or machine out at this moment (seconds since the epoch)."""
        if not self._by_value:
            return None
        keys = [("person", name) for name in self._names(identity).values()]
        if identity.organisation is not None:
            keys.append(("organisation", identity.organisation.code))
        for key in keys:
            for block in self._by_value.get(key, ()):
                if block.in_force(now):
                    return block
        return None

    def _changed(self) -> None:
        self._by_value = _by_value(self.known)
        if not self._started:
            return
        self._judge_keys()
        ids = tuple(block.id for block in self.known)
        self._on_event(BlocksChanged(ids))
        log.info("blocks changed", blocks=ids)

    def _judge_keys(self) -> None:
        """Say which blocks were written under a key that is gone, so that nobody is known by them."""
        now = self._clock()
        lost = sorted(
            block.id for block in self.known if block.in_force(now) and block.under_lost_key(self._keys)
        )
        words = f"blocks under a key that is gone have no effect: {', '.join(lost)}" if lost else ""
        if words and words != self._lost:
            log.error("blocks without effect", blocks=lost, reason="the key for pseudonyms is gone")
        self._lost = words


def _by_value(blocks: Sequence[Block]) -> Mapping[tuple[str, str], tuple[Block, ...]]:
    found: dict[tuple[str, str], tuple[Block, ...]] = {}
    for block in blocks:
        key = (block.kind, block.value)
        found[key] = (*found.get(key, ()), block)
    return found
