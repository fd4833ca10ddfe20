"""Logins of one browser that end before it knows of the others, as in restored tabs: they leave one session."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gateway.auth.flow import MOST_FLOWS
from gateway.endpoints import parallel_logins
from gateway.session.one_time import OneTimeStore
from tests.gateway_fixture import Browser, GatewayFixture, scripted_gateway


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(tmp_path_factory.mktemp("parallel")) as found:
        yield found


@pytest.fixture
def visitor(gate: GatewayFixture) -> Browser:
    gate.op.forget()
    return gate.browser()


def begun(visitor: Browser, tabs: int) -> list[str]:
    """The callbacks of logins that began in so many tabs, and lead back there."""
    asked = [visitor.go(f"/echo/{tab}") for tab in range(tabs)]
    return [visitor.at_provider(each) for each in asked]


def at_once(gate: GatewayFixture, visitor: Browser, callbacks: list[str]) -> list[Browser]:
    """The tabs, each with the cookies of this moment, after their callbacks were answered."""
    tabs = [gate.browser() for _ in callbacks]
    for tab in tabs:
        tab.cookies = dict(visitor.cookies)
    with ThreadPoolExecutor(len(callbacks)) as pool:
        answers = list(pool.map(lambda each: each[0].go(each[1]), zip(tabs, callbacks, strict=True)))
    assert [each.headers["location"] for each in answers] == [f"/echo/{tab}" for tab in range(len(answers))]
    return tabs


def lasting(gate: GatewayFixture) -> int:
    """How many sessions the store has."""
    return len(asyncio.run(_all(gate)))


async def _all(gate: GatewayFixture) -> list[object]:
    from gateway.session.sqlite import SqliteStore

    store = SqliteStore(gate.records.parent / f"{gate.name}.db")
    await store.start()
    found = await store.find()
    await store.aclose()
    return list(found)


@pytest.mark.parametrize("had", ["nothing", "an ended session", "a session"])
def test_many_tabs_leave_one_session(gate: GatewayFixture, visitor: Browser, had: str) -> None:
    before = lasting(gate)
    if had != "nothing":
        visitor.log_in()
        earlier = gate.ticket(visitor)
        visitor.cookies[gate.session_cookie] = earlier or ""
        asked = [visitor.go(f"/oauth2/start?rd=/echo/{tab}") for tab in range(8)]
        callbacks = [visitor.at_provider(each) for each in asked]
        if had == "an ended session":
            gate.with_ticket(earlier, "/oauth2/logout/local")
    else:
        callbacks = begun(visitor, 8)
    tabs = at_once(gate, visitor, callbacks)
    tickets = {gate.ticket(tab) for tab in tabs}
    assert len(tickets) == 1
    assert lasting(gate) == before + 1
    assert tabs[0].go("/oauth2/logout/local").status_code == 200
    assert lasting(gate) == before, "nothing outlives the logout"
    assert tabs[5].call("/echo").status_code == 401


class NoLocks(dict[str, asyncio.Lock]):
    """As where each callback comes to another process."""

    def setdefault(self, _key: str, default: Any = None) -> Any:
        return default


def test_callbacks_at_two_processes_leave_one_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel_logins, "WeakValueDictionary", NoLocks)
    get_all, both = OneTimeStore.get_all, asyncio.Barrier(2)

    async def together(self: OneTimeStore, kind: str, secrets: Sequence[str]) -> list[bytes | None]:
        found = await get_all(self, kind, secrets)
        await both.wait()
        return found

    monkeypatch.setattr(OneTimeStore, "get_all", together)
    with scripted_gateway(tmp_path) as gate:
        visitor = gate.browser()
        tabs = at_once(gate, visitor, begun(visitor, 2))
        assert len({gate.ticket(tab) for tab in tabs}) == 1
        assert lasting(gate) == 1
        assert tabs[0].call("/echo").status_code != 401


def test_a_login_at_another_session_of_the_provider_gets_a_session_of_its_own(
    gate: GatewayFixture, visitor: Browser
) -> None:
    """A logout there names only that one."""
    callbacks = begun(visitor, 2)
    gate.op.claims["sid"] = "one"
    visitor.go(callbacks[0])
    ticket = gate.ticket(visitor)
    gate.op.claims["sid"] = "two"
    visitor.go(callbacks[1])
    del gate.op.claims["sid"]
    assert gate.ticket(visitor) != ticket
    assert gate.with_ticket(ticket, "/echo").status_code == 401


def test_who_is_somebody_else_gets_a_session_of_their_own(gate: GatewayFixture, visitor: Browser) -> None:
    callbacks = begun(visitor, 3)
    first = at_once(gate, visitor, callbacks[:1])[0]
    gate.op.claims["vo_orgcode"] = "0777000187"
    second = gate.browser()
    second.cookies = dict(visitor.cookies)
    second.go(callbacks[1])
    assert gate.ticket(second) != gate.ticket(first)
    gate.clock.ahead += 61
    third = gate.browser()
    third.cookies = dict(visitor.cookies)
    third.go(callbacks[2])
    assert gate.ticket(third) != gate.ticket(second), "long after the other"


def test_a_tab_that_is_a_little_later_keeps_the_ticket_of_the_others(
    gate: GatewayFixture, visitor: Browser
) -> None:
    callbacks = begun(visitor, 4)
    before = lasting(gate)
    tickets = []
    for tab in range(3):
        assert visitor.go(callbacks[tab]).headers["location"] == f"/echo/{tab}"
        tickets.append(gate.ticket(visitor))
    assert tickets == tickets[:1] * 3, "what another tab has under way with it is not refused"
    gate.clock.ahead += 61
    visitor.go(callbacks[3])
    visitor.log_in()
    assert len({tickets[0], gate.ticket(visitor)}) == 2, "a login that begins later gives another one"
    assert lasting(gate) == before + 1


def test_a_ticket_that_comes_from_elsewhere_is_not_kept(gate: GatewayFixture, visitor: Browser) -> None:
    """Not even where the same person with the same rights got it while this login was under way."""
    elsewhere = gate.browser()
    callbacks = begun(visitor, 2)
    elsewhere.log_in()
    planted = gate.ticket(elsewhere)
    for callback in callbacks:
        visitor.cookies[gate.session_cookie] = str(planted)
        visitor.go(callback)
        assert gate.ticket(visitor) != planted
    assert gate.with_ticket(planted, "/echo").status_code == 401


def test_a_login_with_other_rights_gives_another_ticket(gate: GatewayFixture, visitor: Browser) -> None:
    callbacks = begun(visitor, 2)
    visitor.go(callbacks[0])
    ticket = gate.ticket(visitor)
    gate.op.claims["ovam_rol_3d"] = ["OVAMGebruiker-Lezer:0428315871"]
    visitor.go(callbacks[1])
    assert gate.ticket(visitor) != ticket
    assert gate.with_ticket(ticket, "/echo").status_code == 401


def test_a_login_of_another_browser_shares_nothing(gate: GatewayFixture, visitor: Browser) -> None:
    other = gate.browser()
    mine, theirs = begun(visitor, 2), begun(other, 2)
    tabs = at_once(gate, visitor, mine[:1]) + at_once(gate, other, theirs[:1])
    assert gate.ticket(tabs[0]) != gate.ticket(tabs[1])


def test_very_many_cookies_of_logins_are_not_all_looked_at(gate: GatewayFixture, visitor: Browser) -> None:
    callbacks = begun(visitor, 1)
    made_up = {f"tgp-ti-flow-{number:020x}": "s" * 65 for number in range(100)}
    visitor.cookies |= made_up | {"tgp-ti-flow-x": "y"}
    assert visitor.go(callbacks[0]).headers["location"] == "/echo/0"
    assert len(made_up) > MOST_FLOWS
