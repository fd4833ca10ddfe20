"""What the gateway does with each fault of ACM: status, code and page; and that it recovers when the fault is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from simulator.faults import by_name
from simulator.register.app import create_register
from simulator.run import running
from tests.gateway_fixture import GatewayFixture, gateway_fixture
from tests.simulator.acm.relying_party import Clock, RelyingParty

PAGE = {"accept": "text/html", "accept-language": "nl"}
JSON = {"accept": "application/json"}
NAVIGATION = PAGE | {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "none"}
RECHECK = 901.0  # seconds after which a session is checked again
RETRY = 11.0  # seconds after which the gateway asks for metadata or keys again


@dataclass
class Visit:
    """The gateway's answer to the end of a login, and the browser that it was sent to."""

    answer: httpx2.Response
    browser: httpx2.Client

    @property
    def logged_in(self) -> bool:
        return self.answer.status_code == 302 and "-session=" in str(
            self.answer.headers.get_list("set-cookie")
        )

    @property
    def problem(self) -> tuple[int, str, str | None]:
        body = self.answer.json()
        return self.answer.status_code, body["code"], body.get("reason")


@dataclass
class Place:
    """An environment with a fault switch and a clock."""

    world: GatewayFixture
    clock: Clock
    browsers: ExitStack = field(default_factory=ExitStack)

    def visit(self, persona: str = "indiener", headers: dict[str, str] = JSON) -> Visit:
        """Log in as far as the gateway and ACM let one."""
        browser = self.browsers.enter_context(
            httpx2.Client(base_url=self.world.url, trust_env=False, timeout=10)
        )
        begun = browser.get("/oauth2/start", params={"rd": HOME}, headers=headers)
        return self.finish(browser, begun, headers, persona)

    def finish(
        self,
        browser: httpx2.Client,
        begun: httpx2.Response,
        headers: dict[str, str],
        persona: str = "indiener",
    ) -> Visit:
        """A login that was begun, with a browser that ACM does not know."""
        if not begun.is_redirect:
            return Visit(begun, browser)
        acm = RelyingParty(self.world.acm.issuer, self.world.acm.clients[0], self.clock)
        with acm.browser:
            page = acm.follow(acm.browser.get(begun.headers["location"]))
            back = acm.follow(acm.post(page, "login", persona=persona, means="itsme"))
        return Visit(browser.get(back.headers["location"], headers=headers), browser)

    def fault(self, name: str, value: str | None = None) -> None:
        self.world.acm.faults.switch_on(by_name(name), value)


HOME = "/ncr/meldingen.xhtml"
RULES = [{"id": "home", "match": {"path": "/ncr/**"}, "require": [{"right": {"right": "indiener"}}]}]
MakePlace = Callable[..., Place]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    yield from place(tmp_path_factory.mktemp("faults"))


@pytest.fixture
def gate(made: Place) -> Iterator[Place]:
    """A gateway that people log in at already, so that it knows ACM's metadata and keys."""
    made.clock.now += RETRY
    yield made
    made.world.acm.faults.clear()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Place]:
    """A gateway that knows nothing of ACM yet."""
    yield from place(tmp_path)


def place(folder: Path, **provider: Any) -> Iterator[Place]:
    clock = Clock()
    with (
        running(
            lambda url: create_register(inside=url, environment="ti", clock=clock)
        ) as register_url,
        gateway_fixture(
            folder, backend=register_url, clock=clock, provider_settings=provider, rules=RULES
        ) as found,
    ):  # fmt: skip
        here = Place(found, clock)
        with here.browsers:
            yield here


def forbidden(answer: httpx2.Response) -> bool:
    return answer.status_code == 403 and answer.json()["code"] == "forbidden"


def until(true: Callable[[], bool]) -> None:
    """Ask again until it is so; each question is a request, which takes its time."""
    for _ in range(200):
        if true():
            return
    raise AssertionError("it did not come")


def recovered(gate: Place) -> None:
    """With the faults gone, and a little time, everything works again."""
    gate.world.acm.faults.clear()
    gate.clock.now += RETRY
    visit = gate.visit()
    assert visit.logged_in
    assert visit.browser.get(HOME).status_code == 200


REFUSED = [
    ("token-fails", None, 503, "provider-unavailable", None, "Aanmelden is nu niet mogelijk"),
    ("unknown-kid", None, 400, "login-failed", "id-token-key-unknown", "Aanmelden is niet gelukt"),
    ("clock-ahead", "600", 400, "login-failed", "clock-skew", "Aanmelden is niet gelukt"),
    ("clock-behind", "7200", 400, "login-failed", "clock-skew", "Aanmelden is niet gelukt"),
    ("access-denied", None, 400, "login-failed", "access-denied", "Aanmelden is niet gelukt"),
]


@pytest.mark.parametrize(("name", "value", "status", "code", "reason", "heading"), REFUSED)
def test_a_fault_that_ends_the_login(
    gate: Place, name: str, value: str | None, status: int, code: str, reason: str | None, heading: str
) -> None:
    gate.fault(name, value)
    told = gate.visit()
    assert told.problem == (status, code, reason)
    assert not told.logged_in
    shown = gate.visit(headers=PAGE)
    assert shown.answer.status_code == status
    assert heading in shown.answer.text
    assert not shown.logged_in
    recovered(gate)


def test_a_slow_token_endpoint_is_waited_for_as_long_as_the_timeout(tmp_path: Path) -> None:
    with contextmanager(place)(tmp_path, timeout="1s") as gate:
        gate.fault("token-slow", "20")
        assert gate.visit().problem == (503, "provider-unavailable", None)
        shown = gate.visit(headers=PAGE)
        assert shown.answer.status_code == 503
        assert "Aanmelden is nu niet mogelijk" in shown.answer.text
        gate.fault("token-slow", "0.01")
        assert gate.visit().logged_in
        recovered(gate)


def test_before_the_first_login_the_description_of_acm_is_needed(fresh: Place) -> None:
    fresh.fault("discovery-down")
    assert fresh.visit().problem == (503, "provider-unavailable", None)
    shown = fresh.visit(headers=PAGE)
    assert shown.answer.status_code == 503
    assert "Aanmelden is nu niet mogelijk" in shown.answer.text
    recovered(fresh)


def test_afterwards_the_description_is_known(gate: Place) -> None:
    assert gate.visit().logged_in
    gate.fault("discovery-down")
    assert gate.visit().logged_in
    gate.clock.now += 4000  # older than the gateway likes it, but the only one there is
    assert gate.visit().logged_in
    recovered(gate)


def test_before_the_first_login_keys_are_needed(fresh: Place) -> None:
    fresh.fault("keys-down")
    assert fresh.visit().problem == (503, "provider-unavailable", None)
    recovered(fresh)


def test_afterwards_the_keys_are_known_for_a_day(gate: Place) -> None:
    assert gate.visit().logged_in
    gate.fault("keys-down")
    gate.clock.now += 4000
    assert gate.visit().logged_in
    gate.clock.now += 100_000
    assert gate.visit().problem == (503, "provider-unavailable", None)
    recovered(gate)


def test_keys_that_were_suddenly_replaced_are_fetched_again(gate: Place) -> None:
    assert gate.visit().logged_in
    gate.clock.now += RETRY
    gate.fault("keys-rotated")
    assert gate.visit().logged_in
    recovered(gate)


def test_a_key_that_was_replaced_in_order_is_found(gate: Place) -> None:
    assert gate.visit().logged_in
    gate.clock.now += RETRY
    gate.world.acm.keys.rotate()
    assert gate.visit().logged_in


@pytest.mark.parametrize("name", ["role-as-text", "audience-as-list", "email-with-organisation"])
def test_an_odd_shape_that_changes_nothing(gate: Place, name: str) -> None:
    usual = gate.visit().browser.get("/oauth2/userinfo").json()
    gate.fault(name)
    visit = gate.visit()
    assert visit.logged_in
    found = visit.browser.get("/oauth2/userinfo").json()
    for name in ("rights", "organisation", "email"):
        assert found.get(name) == usual.get(name), name
    assert visit.browser.get(HOME).status_code == 200
    recovered(gate)


@pytest.mark.parametrize(
    ("name", "advice"),
    [("role-name-odd", "OVAM Gebruiker"), ("organisation-missing", "Wissel naar 0456.789.034")],
)
def test_an_odd_claim_that_takes_the_right_away(gate: Place, name: str, advice: str) -> None:
    gate.fault(name)
    visit = gate.visit()
    assert visit.logged_in
    assert forbidden(visit.browser.get(HOME, headers=JSON))
    shown = visit.browser.get(HOME, headers=PAGE)
    assert shown.status_code == 403
    assert advice in shown.text
    recovered(gate)


def test_a_right_that_is_revoked_in_mid_session(gate: Place) -> None:
    before = gate.visit()
    assert before.browser.get(HOME).status_code == 200
    gate.fault("right-revoked", "indiener")
    after = gate.visit()
    assert after.logged_in
    assert forbidden(after.browser.get(HOME, headers=JSON))
    assert gate.visit("ovam").logged_in  # nobody else notices
    # The session that was there knows no better until it is checked again, here by a login that passes through ACM.
    assert before.browser.get(HOME).status_code == 200
    gate.clock.now += RECHECK
    background = before.browser.get(HOME, headers=JSON)
    assert (background.status_code, background.json()["code"]) == (401, "reauthenticate")
    passed = gate.finish(before.browser, before.browser.get(HOME, headers=NAVIGATION), JSON)
    assert passed.logged_in
    assert forbidden(before.browser.get(HOME, headers=JSON))
    recovered(gate)


def test_a_right_that_is_revoked_is_seen_by_refreshing(tmp_path: Path) -> None:
    scopes = ["openid", "profile", "vo", "ovam", "offline_access"]
    with contextmanager(place)(tmp_path, scopes=scopes) as gate:
        visit = gate.visit()
        gate.fault("right-revoked", "indiener")
        assert visit.browser.get(HOME).status_code == 200
        gate.clock.now += RECHECK
        # ACM is asked behind a request; the ones after it see the answer.
        until(lambda: forbidden(visit.browser.get(HOME, headers=JSON)))
        gate.world.acm.faults.clear()
        gate.clock.now += RECHECK
        until(lambda: visit.browser.get(HOME).status_code == 200)
