"""What changes between two requests counts at once: a gateway that remembers does what one does that remembers nothing."""

from __future__ import annotations

import base64
import json
import random
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.machines import Machines
from gateway.blocks.block_list import BLOCKS, Block
from gateway.errors import BearerRefused
from gateway.model import Identity, Organisation
from gateway.pipeline.permission_cache import PermissionCache
from gateway.policy.in_force import OpenRule, periods
from gateway.policy.maintenance import MAINTENANCE, OrderedMaintenance
from gateway.policy.ruleset import RuleSet
from gateway.session.ending import end_all
from gateway.session.sessions import Session
from tests.fuzz.budget import budget
from tests.fuzz.changes import EARLIER, FRONTS, RIGHT, Change, Changes
from tests.fuzz.repetitions import ANNA, BERT, Scripted
from tests.fuzz.test_memories import ScriptedRegister, Side, forgetful
from tests.fuzz.wire import ClientEnd, Wire, configuration, wire
from tests.gateway_fixture import StillClock

_CHANGES: dict[str, Any] = {
    "provider": {"login_limit": {"burst": 1_000_000, "every": "1ms"}},
    "session": {"idle_timeout": "10m", "max_lifetime": "2h", "recheck": "1h"},
    "machines": {"issuers": [{"issuer": "https://tokens.test", "audience": "register"}]},
    "fronts": {
        name: {"dialect": name, "listen": f"127.0.0.1:{number}", "peers": ["127.0.0.1/32"]}
        for number, name in enumerate(FRONTS, 1)
    },
}
_PEOPLE = {
    ANNA: Identity("op", "anna", "Anna", organisation=Organisation("0123456789"), rights=(RIGHT,)),
    BERT: Identity("op", "bert", "Bert", organisation=Organisation("0428315871")),
}
_PROGRAM = Identity("https://tokens.test", "program", kind="machine", scopes=("lezen",))
_TOKEN = re.compile(r"eyJ[\w-]+\.([\w-]+)\.[\w-]+")


def _rules() -> list[list[Any]]:
    """Three versions of the rules."""
    first: list[Any] = [
        {"id": "open", "match": {"path": "/open/**"}, "require": ["anyone"]},
        {"id": "read", "match": {"path": "/read", "methods": ["GET"]}, "require": ["authenticated"]},
        {"id": "right", "match": {"path": "/right"}, "require": [{"right": {"right": "indiener"}}]},
        {
            "id": "emergency",
            "match": {"path": "/right"},
            "require": ["authenticated"],
            "emergency": {"at_most": "1h"},
        },
        {
            "id": "own",
            "match": {"path": "/org/{kbo}"},
            "require": [{"organisation": {"equals": "{kbo}"}}],
        },
        {
            "id": "office",
            "match": {"path": "/office"},
            "require": ["anyone", {"schedule": {"hours": {"mon-sun": "08:00-09:00"}}}],
        },
        {
            "id": "told",
            "match": {"path": "/told"},
            "require": ["anyone"],
            "request_headers": {"set": {"X-Told": "so"}, "remove": ["X-A"]},
            "response_headers": {"remove": ["ETag"]},
        },
        {"id": "program", "match": {"path": "/program"}, "require": [{"machine": {"scopes": ["lezen"]}}]},
        {"id": "rest", "match": {"path": "/**"}, "require": ["authenticated"]},
    ]
    opened, read, right, *others = first
    second = [{**opened, "require": ["authenticated"]}, {**read, "require": ["anyone"]}, right, *others]
    third = [{**opened, "request_headers": {"set": {"X-Open": "1"}}}, read, {**right, "require": ["authenticated"]}]  # fmt: skip
    return [first, second, [*third, *others]]


class ChangingSide(Side):
    """One of the two gateways, with its people, its rules and what operators order."""

    def __init__(self, gate: Wire, versions: Sequence[RuleSet], clock: StillClock) -> None:
        super().__init__(gate)
        self.versions = versions
        self.clock = clock
        self.begun = clock.now
        self.sessions_of: dict[bytes, Session] = {}
        self.rules = versions[0]

    def converse_about(self, conversation: Changes) -> list[Any]:
        """What each request led to."""
        register = self._begin(conversation.answers)
        clients: dict[str, ClientEnd] = {}
        found: list[Any] = []
        for step in conversation.steps:
            if isinstance(step, Change):
                getattr(self, step.kind)(*step.what)
                continue
            client = clients.get(step.front)
            if client is None or client.how != "open":
                client = clients[step.front] = self.gate.connect(front=step.front)
            found.append(self.sent(client, (step.octets,), register))
        for end in (*clients.values(), *register.connections):
            end.reset()
        self.gate.settle()
        return found

    def _begin(self, answers: Sequence[Scripted]) -> ScriptedRegister:
        self.gate.begin(register := ScriptedRegister(answers))
        self.clock.now = self.begun
        self.names.clear()
        self.tickets.clear()
        for person in _PEOPLE:
            self.log_in_again(person)
        self.use_rules(0)
        self.block((), None)
        self.announce(())
        return register

    def plain(self, what: Any) -> str:
        return super().plain(_TOKEN.sub(_claims, what if isinstance(what, str) else repr(what)))

    # What happens between two requests

    def use_rules(self, version: int) -> None:
        self.rules = self.versions[version]
        self.gate.app.areas.rules.reload.in_force.use(self.rules, ())

    def open_emergency(self, seconds: float) -> None:
        until = self.clock.now + seconds
        opened = periods(self.rules, [OpenRule("emergency", "opened", until, until)])
        self.gate.app.areas.rules.reload.in_force.use(self.rules, opened)

    def block(self, whom: Sequence[bytes | str], seconds: float | None) -> None:
        blocks = self.gate.app.areas.operations.blocks
        until = self.clock.now + seconds if seconds is not None else None
        found = []
        for each in whom:
            if isinstance(each, str):
                found.append(Block(f"block-{each}", "organisation", each, "", "", 0.0, until))
            else:
                name = next(iter(blocks._names(_PEOPLE[each]).values()))
                found.append(Block("block-person", "person", name, "", "", 0.0, until))
        blocks.take_shared(BLOCKS.text(found, "ti"), "here")

    def announce(self, works: Sequence[tuple[float, float, tuple[str, ...]]]) -> None:
        now = self.clock.now
        found = [
            OrderedMaintenance(f"works-{begin}", "", now, now + begin, now + end, paths)
            for begin, end, paths in works
        ]
        orders = self.gate.app.areas.operations.maintenance._orders
        orders.take_shared(MAINTENANCE.text(found, "ti"), "here")

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds
        self.gate.settle(seconds)

    def change_access(self, person: bytes, changes: dict[str, Any]) -> None:
        ticket = self.tickets[person]
        session = self.gate.run(self.sessions.open(ticket))
        if session is None:
            return
        identity = replace(session.identity, **changes)
        renewed = self.gate.run(self.sessions.renew(ticket, session, identity))
        if renewed is not None:
            self._now_has(person, *renewed)

    def log_out(self, person: bytes) -> None:
        self.gate.run(self.sessions.end(self.tickets[person]))

    def end_all(self, person: bytes) -> None:
        self.gate.run(end_all(self.sessions, lambda _: True, subject=_PEOPLE[person].subject))

    def log_in_again(self, person: bytes) -> None:
        self._now_has(person, *self.gate.run(self.sessions.create(_PEOPLE[person])))

    def _now_has(self, person: bytes, session: Session, ticket: str) -> None:
        self.tickets[EARLIER] = self.tickets.get(person, ticket)
        self.tickets[person] = ticket
        number = len(self.names)
        self.names.setdefault(session.id, f"session {number} of {person.decode()}")
        self.names.setdefault(ticket, f"ticket {number} of {person.decode()}")


def _claims(token: re.Match[str]) -> str:
    """An assertion without what is different each time it is signed."""
    claims = json.loads(base64.urlsafe_b64decode(token[1] + "=" * (-len(token[1]) % 4)))
    return repr(sorted(item for item in claims.items() if item[0] != "jti"))


async def _identity(_machines: Machines, token: str, _client: str) -> Identity:
    if token != "good":
        raise BearerRefused("not known", reason="unknown")
    return _PROGRAM


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ChangingSide, ChangingSide]]:
    # Before the hours of an office.
    clock = StillClock(float(int(time.time()) // 86_400 * 86_400 + 6 * 3_600))
    first, *others = _rules()
    folders = [tmp_path_factory.mktemp(name) for name in ("warm", "cold", "second", "third")]
    compiled = [
        configuration(folder, rules, **_CHANGES).rules["ti"]
        for folder, rules in zip(folders[2:], others, strict=True)
    ]
    with (
        patch.object(Machines, "identity", _identity),
        wire(folders[0], first, clock=clock, **_CHANGES) as warm,
        wire(folders[1], first, clock=clock, **_CHANGES) as cold,
    ):
        yield tuple(  # type: ignore[misc]
            ChangingSide(gate, [gate.app.areas.rules.reload.rules(), *compiled], clock)
            for gate in (warm, cold)
        )


@budget(100)
@given(seed=st.integers(0, 1 << 40))
def test_a_warm_gateway_sees_each_change_as_a_cold_one_does(
    sides: tuple[ChangingSide, ChangingSide], seed: int
) -> None:
    warm, cold = sides
    conversation = Changes(random.Random(seed))
    found = warm.converse_about(conversation)
    with forgetful():
        expected = cold.converse_about(conversation)
    for number, (is_so, should_be) in enumerate(zip(found, expected, strict=True)):
        for name, value in should_be.items():
            assert is_so[name] == value, (number, name, conversation.steps, conversation.answers)


def test_permissions_are_given_again_in_these_conversations(sides: tuple[ChangingSide, ChangingSide]) -> None:
    given_again, give = [], PermissionCache._give

    def counted(cache: PermissionCache, *about: Any) -> bool:
        given_again.append(give(cache, *about))
        return given_again[-1]

    with patch.object(PermissionCache, "_give", counted):
        for seed in range(20):
            sides[0].converse_about(Changes(random.Random(seed)))
    assert sum(given_again) > 20
