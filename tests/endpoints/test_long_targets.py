"""Addresses that are too long to travel with a login: kept, within bounds, and what becomes of the others."""

from __future__ import annotations

import pytest

from gateway.endpoints.long_targets import LongTargets
from tests.gateway_fixture import Browser, GatewayFixture, StillClock

LONG = "/echo?q=" + "a" * 3_000


def cookie_line(visitor: Browser) -> int:
    return len(visitor.headers(None).get("cookie", ""))


@pytest.mark.parametrize("length", [200, 300, 3_000, 20_000])
def test_a_login_ends_at_the_page_however_long_its_address(whole: GatewayFixture, length: int) -> None:
    visitor = whole.browser()
    target = "/echo?q=" + "%C3%A9\\|"[: length % 8] + "b" * length
    begun = visitor.go(target)
    assert len(begun.headers["location"]) < 2_000
    assert cookie_line(visitor) < 200
    assert visitor.through_provider(begun).headers["location"] == target
    assert visitor.go(target).status_code == (200 if length < 8_000 else 414), "the register takes no more"


def test_many_tabs_with_long_addresses_end_at_their_pages(whole: GatewayFixture) -> None:
    visitor = whole.browser()
    begun = [(f"{LONG}{number}", visitor.go(f"{LONG}{number}")) for number in range(30)]
    assert cookie_line(visitor) < 3_000, "servers in front take 8 kB, with the cookies of others"
    for target, answer in begun:
        back = visitor.through_provider(answer)
        if back.headers["location"] != target:
            back = visitor.through_provider(back)
        assert back.headers["location"] == target


def test_where_there_is_no_room_the_login_goes_on_and_says_so(
    whole: GatewayFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = whole.browser()
    login = whole.gateway.areas.people.login
    monkeypatch.setattr(
        login,
        "_targets",
        LongTargets(whole.gateway.areas.people.sessions.one_time, 600, steady=whole.clock, most_bytes=4_000),
    )
    page = visitor.log_in(LONG)
    assert page.status_code == 200
    assert visitor.logged_in
    assert "te lang om te bewaren" in page.text


async def test_one_client_takes_an_eighth_and_time_makes_room(whole: GatewayFixture) -> None:
    clock = StillClock()

    class Kept(dict[str, bytes]):
        async def put(self, kind: str, name: str, content: bytes, *, seconds: float) -> bool:
            assert (kind, seconds) == ("target", 600)
            self[name] = content
            return True

        async def get(self, _kind: str, name: str) -> bytes | None:
            return super().get(name)

    store = Kept()
    targets = LongTargets(store, 600, steady=clock, most_bytes=8 * 8_192)  # type: ignore[arg-type]
    names = [await targets.keep("/" + "a" * 1_000, client=f"192.0.2.{at % 2}") for at in range(6)]
    assert [name is not None for name in names] == [True] * 4 + [False] * 2
    assert await targets.find(str(names[0])) == "/" + "a" * 1_000
    assert await targets.find("nonsense") is None
    every = [await targets.keep("/" + "a" * 1_000, client=f"198.51.100.{at}") for at in range(40)]
    assert 0 < sum(name is not None for name in every) < 40, "all together"
    clock.now += 601
    assert await targets.keep("/" + "a" * 1_000, client="192.0.2.0") is not None
