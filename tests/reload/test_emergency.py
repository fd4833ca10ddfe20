"""Emergency rules in one worker: open between two moments, and never longer, whatever the store or the clock does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gateway.config import load
from gateway.emergency.opening import OPENINGS, Opening
from gateway.errors import StoreUnavailable
from gateway.events import EmergencyClosed, EmergencyOpened, Event
from gateway.reload.emergency import Emergencies
from gateway.reload.rules import RulesReload
from gateway.session.board import Board, LastingOrder
from gateway.session.memory import MemoryStore
from gateway.session.ticket import SessionCipher
from tests.gateways import settings, write_config
from tests.waiting import eventually

NOW = 1_795_000_000.0
RULES: list[Any] = [
    {
        "id": "vault-emergency",
        "match": {"path": "/vault/**"},
        "require": ["authenticated"],
        "emergency": {"at_most": "60m"},
    },
    {"id": "rest", "match": {"path": "/**"}, "require": ["anyone"]},
]
OPENING = Opening(
    "e-1", "vault-emergency", "brand", 600.0, "an", "code", NOW - 60, NOW + 900, "bob", "code", NOW, NOW + 600
)


@dataclass
class Hands:
    """Two clocks, turned by hand."""

    wall: float = NOW
    steady: float = 5.0

    def turn(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


class Down(Board):
    """A board whose store does not answer."""

    async def change(self, name: str, make: Callable[[bytes | None], bytes | None]) -> LastingOrder:
        raise StoreUnavailable("out of reach")


@dataclass
class Worker:
    """The rules of one worker, and the file of openings that it reads."""

    folder: Path
    hands: Hands
    board: Board | None = None
    seen: list[Event] = field(default_factory=list)
    written: list[Any] = field(default_factory=lambda: RULES)

    def __post_init__(self) -> None:
        path = self.folder / "config.yaml"
        if not path.exists():
            environment = settings(
                self.folder, name="ti", gateway_url="http://localhost:1", acm_url="http://localhost:2",
                upstream_url="http://localhost:3",
            )  # fmt: skip
            write_config(self.folder, {"ti": environment}, rules=self.written)
        config = load(path)
        wall, steady = lambda: self.hands.wall, lambda: self.hands.steady
        self.rules = RulesReload(config, "ti", clock=wall, steady=steady, on_event=self.seen.append)
        cipher = SessionCipher("ti", (b"k" * 32,))
        board = self.board or Board(MemoryStore(), lambda: cipher, wall)
        self.file = config.orders_file("ti", "emergency")
        self.emergencies = Emergencies(
            self.rules, board, self.file, "ti", look_every=0.02, clock=wall, steady=steady,
            on_event=self.seen.append,
        )  # fmt: skip

    @property
    def open(self) -> bool:
        return any(rule.id == "vault-emergency" for rule in self.rules.rules().rules)

    async def write(self, *openings: Opening) -> None:
        await asyncio.to_thread(OPENINGS.change, self.file, "ti", lambda _: openings)

    async def ended(self) -> tuple[Opening, ...]:
        """The openings in the file once the first one has ended there."""
        while True:
            found = await asyncio.to_thread(OPENINGS.read, self.file, "ti")
            if found and found[0].closed is not None:
                return found
            await asyncio.sleep(0.01)


async def test_it_is_open_until_its_end_and_says_so(tmp_path: Path) -> None:
    worker = await asyncio.to_thread(Worker, tmp_path, Hands())
    await worker.emergencies.start()
    assert not worker.open
    closed = worker.rules.rules().hash
    await worker.write(OPENING)
    await eventually(lambda: worker.open)
    (opened,) = [each for each in worker.seen if isinstance(each, EmergencyOpened)]
    assert (opened.rule, opened.asked_by, opened.confirmed_by, opened.reason) == (
        "vault-emergency", "an", "bob", "brand",
    )  # fmt: skip
    assert "vault-emergency is OPEN until" in (await worker.emergencies.check()).detail
    assert opened.rules != closed
    worker.hands.turn(599.9)
    assert worker.open
    worker.hands.turn(0.2)
    assert not worker.open
    await eventually(lambda: any(isinstance(each, EmergencyClosed) for each in worker.seen))
    assert worker.rules.rules().hash == closed
    assert (await worker.ended())[0].closed_by == ""
    await worker.emergencies.aclose()


async def test_a_clock_that_is_set_back_makes_it_no_longer(tmp_path: Path) -> None:
    worker = await asyncio.to_thread(Worker, tmp_path, Hands())
    await worker.write(OPENING)
    await worker.emergencies.start()
    worker.hands.wall -= 86_400
    assert worker.open
    worker.hands.steady += 601
    assert not worker.open
    await worker.emergencies.aclose()


async def test_a_clock_that_is_set_forward_ends_it(tmp_path: Path) -> None:
    worker = await asyncio.to_thread(Worker, tmp_path, Hands())
    await worker.write(OPENING)
    await worker.emergencies.start()
    worker.hands.wall += 86_400
    assert not worker.open
    await worker.emergencies.aclose()


async def test_it_stays_closed_in_a_new_process_whose_clock_was_set_back(tmp_path: Path) -> None:
    worker = await asyncio.to_thread(Worker, tmp_path, Hands(wall=NOW - 86_400))
    await worker.write(OPENING)
    await worker.emergencies.start()
    assert not worker.open
    await worker.emergencies.aclose()
    # And where it ended before, the end stands in the file, whatever the clock says.
    await worker.write(replace(OPENING, closed=NOW + 600))
    again = await asyncio.to_thread(Worker, tmp_path, Hands(wall=NOW + 1))
    await again.emergencies.start()
    assert not again.open
    await again.emergencies.aclose()


async def test_it_ends_while_the_store_is_down(tmp_path: Path) -> None:
    hands = Hands()
    cipher = SessionCipher("ti", (b"k" * 32,))
    worker = await asyncio.to_thread(
        Worker, tmp_path, hands, Down(MemoryStore(), lambda: cipher, lambda: hands.wall)
    )
    await worker.write(OPENING)
    await worker.emergencies.start()
    hands.turn(601)
    assert not worker.open
    await eventually(lambda: any(isinstance(each, EmergencyClosed) for each in worker.seen))
    await worker.emergencies.aclose()


async def test_a_rule_that_is_not_declared_here_opens_nothing_and_ends_nothing(tmp_path: Path) -> None:
    worker = await asyncio.to_thread(Worker, tmp_path, Hands())
    other = replace(OPENING, id="e-2", rule="of-a-newer-file")
    await worker.write(OPENING, other)
    await worker.emergencies.start()
    assert worker.open
    worker.hands.turn(601)
    assert (await worker.ended())[1] == other
    await worker.emergencies.aclose()


async def test_two_are_open_and_end_one_after_the_other(tmp_path: Path) -> None:
    second = {**RULES[0], "id": "second", "match": {"path": "/second/**"}}
    worker = await asyncio.to_thread(Worker, tmp_path, Hands(), written=[second, *RULES])
    await worker.write(OPENING, replace(OPENING, id="e-2", rule="second", until=NOW + 60))
    await worker.emergencies.start()
    assert {"second", "vault-emergency"} <= {each.id for each in worker.rules.rules().rules}
    worker.hands.turn(61)
    assert [each.id for each in worker.rules.rules().rules] == ["vault-emergency", "rest"]
    await worker.emergencies.aclose()


async def test_changed_rules_keep_it_open(tmp_path: Path) -> None:
    worker = await asyncio.to_thread(Worker, tmp_path, Hands())
    await worker.write(OPENING)
    await worker.emergencies.start()
    await worker.rules.start()
    path = tmp_path / "config.yaml"
    text = await asyncio.to_thread(path.read_text)
    await asyncio.to_thread(path.write_text, text.replace("id: rest", "id: other"))
    await eventually(lambda: worker.rules.in_force.closed.rules[-1].id == "other")
    assert [each.id for each in worker.rules.rules().rules] == ["vault-emergency", "other"]
    await worker.rules.aclose()
    await worker.emergencies.aclose()


class Clocked(Board):
    """A board whose store has a clock of its own."""

    there = NOW

    async def time(self) -> float:
        return self.there


async def test_a_machine_whose_clock_is_ahead_ends_nothing_for_the_others(tmp_path: Path) -> None:
    hands = Hands(wall=NOW + 700.0)
    cipher = SessionCipher("ti", (b"k" * 32,))
    board = Clocked(MemoryStore(), lambda: cipher, lambda: hands.wall)
    content = OPENINGS.text((OPENING,), "ti")
    await board.change("emergency", lambda _: content)
    worker = await asyncio.to_thread(Worker, tmp_path, hands, board)
    worker.emergencies._orders.take_shared(content, "the store")
    await worker.emergencies.start()

    async def stored() -> Opening:
        found = board.read("emergency", (await board.orders())["emergency"])
        return OPENINGS.parsed(found.content, "ti", "the store")[0]

    for _ in range(3):
        await worker.emergencies._turn(False)
    assert not worker.open
    assert (await stored()).closed is None
    board.there = NOW + 601.0
    await worker.emergencies._turn(False)
    assert (await stored()).closed == NOW + 600.0
    await worker.emergencies.aclose()
