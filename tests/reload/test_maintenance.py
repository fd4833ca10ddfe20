"""Maintenance in one worker: it begins and ends on time, by plan and by order."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gateway.config import load
from gateway.events import Event, MaintenanceChanged
from gateway.fleet.order_copy import OrderCopy
from gateway.model import DecisionInput
from gateway.policy.maintenance import MAINTENANCE, OrderedMaintenance
from gateway.reload.maintenance import Maintenances
from gateway.reload.rules import RulesReload
from gateway.session.board import Board, LastingOrder
from gateway.session.memory import MemoryStore
from gateway.session.ticket import SessionCipher
from tests.gateways import settings, write_config
from tests.waiting import eventually

NOW = 1_795_000_000.0


class Worker:
    """The maintenance of one worker, whose clock is turned by hand."""

    def __init__(self, folder: Path) -> None:
        self.now, self.seen = NOW, list[Event]()
        environment = settings(
            folder, name="ti", gateway_url="http://localhost:1", acm_url="http://localhost:2",
            upstream_url="http://localhost:3",
        )  # fmt: skip
        config = load(write_config(folder, {"ti": environment}))
        rules = RulesReload(config, "ti", clock=lambda: self.now, on_event=self.seen.append)
        cipher = SessionCipher("ti", (b"k" * 32,))
        board = Board(MemoryStore(), lambda: cipher, lambda: self.now)
        self.file = config.orders_file("ti", "maintenance")
        self.found = Maintenances(
            rules, board, self.file, "ti", look_every=0.02, clock=lambda: self.now, on_event=self.seen.append
        )

    def out(self, *, open_stream: bool = False) -> bool:
        asked = DecisionInput("GET", "h", "/a", ("a",), "", self.now)
        return self.found.keeps_out(asked, open_stream=open_stream) is not None

    async def order(self, *orders: OrderedMaintenance) -> None:
        await asyncio.to_thread(MAINTENANCE.change, self.file, "ti", lambda _: orders)


async def test_an_order_begins_and_ends_to_the_second(tmp_path: Path) -> None:
    worker = await asyncio.to_thread(Worker, tmp_path)
    await worker.found.start()
    assert not worker.found.announced
    one = OrderedMaintenance("m-1", "an", NOW, NOW + 60, NOW + 120, streams="keep")
    await worker.order(one)
    await eventually(lambda: worker.found.announced)
    assert not worker.out()
    worker.now = NOW + 60
    assert worker.out()
    assert not worker.out(open_stream=True)
    await eventually(lambda: MaintenanceChanged(("m-1",)) in worker.seen)
    assert "m-1: everything, since" in (await worker.found.check()).detail
    worker.now = NOW + 120
    assert not worker.out()
    await eventually(lambda: worker.seen[-1] == MaintenanceChanged(()))
    # A clock that is set back is believed: the plan is by the clock.
    worker.now = NOW + 90
    assert worker.out()
    await worker.order()
    await eventually(lambda: not worker.found.announced)
    assert not worker.out()
    await worker.found.aclose()


async def test_after_a_restart_orders_of_this_machine_stand_beside_the_shared_ones(tmp_path: Path) -> None:
    """The shared ones come first, and were taken for all there are."""
    worker = await asyncio.to_thread(Worker, tmp_path)
    await worker.order(OrderedMaintenance("m-here", "an", NOW, NOW, NOW + 60))
    over = OrderedMaintenance("m-shared", "an", NOW - 60, NOW - 60, NOW - 30)
    copy = tmp_path / "copy"
    await asyncio.to_thread(OrderCopy(copy).keep, LastingOrder(1, MAINTENANCE.text([over], "ti")))
    await worker.found.shared(copy).start()
    await worker.found.start()
    assert worker.out()
    assert "m-here" in (await worker.found.check()).detail
    await worker.found.aclose()
