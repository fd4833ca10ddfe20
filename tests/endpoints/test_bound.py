"""Bound sessions: a browser's key, proven every few minutes, without which a ticket opens nothing."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from gateway.events import Event, SessionProven
from tests.bound_browser import BoundBrowser, Registration, new_key, proof
from tests.gateway_fixture import CALL, OPEN_RULES, PAGE, GatewayFixture, scripted_gateway

REFRESH, REGISTER = "/oauth2/bound/refresh", "/oauth2/bound/register"
RULES: list[Any] = [
    {"id": "strict", "match": {"path": "/strict/**"}, "require": [{"assurance": {"bound": True}}]},
    *OPEN_RULES,
]
LIFETIME = 600


class Seen:
    """What was published about proofs."""

    def __init__(self) -> None:
        self.results: list[tuple[str, str]] = []

    def on_event(self, event: Event) -> None:
        if isinstance(event, SessionProven):
            self.results.append((event.operation, event.result))


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    with scripted_gateway(
        tmp_path_factory.mktemp("bound"),
        rules=RULES,
        session={"bound": {}, "idle_timeout": "8h", "recheck": "8h", "cache_ttl": "0s"},
    ) as found:
        yield found


@pytest.fixture
def seen(gate: GatewayFixture) -> Seen:
    found = Seen()
    gate.gateway.events.subscribe(found)
    return found


@pytest.fixture
def browser(gate: GatewayFixture) -> Iterator[BoundBrowser]:
    with gate.browser() as found:
        bound = BoundBrowser(found)
        bound.log_in()
        yield bound


def test_a_login_offers_to_bind_the_session_and_the_browser_does(gate: GatewayFixture, seen: Seen) -> None:
    with gate.browser() as plain:
        bound = BoundBrowser(plain)
        login = plain.log_in()
        offer = Registration(login)
        assert (offer.algorithms, offer.path) == (["ES256", "RS256"], REGISTER)
        before = gate.ticket(plain)
        answer = bound.register(offer)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json() == {
            "session_identifier": bound.id,
            "refresh_url": REFRESH,
            "scope": {"origin": gate.url, "include_site": False, "scope_specification": []},
            "credentials": [
                {"type": "cookie", "name": "tgp-ti-bound", "attributes": "Path=/; HttpOnly; SameSite=Lax"}
            ],
            "allowed_refresh_initiators": [],
        }
        cookie = next(
            line for line in answer.headers.get_list("set-cookie") if line.startswith("tgp-ti-bound=")
        )
        assert cookie.endswith(f"; Max-Age={LIFETIME}; Path=/; HttpOnly; SameSite=Lax")
        assert gate.ticket(plain) != before
        assert bound.go("/echo").status_code == 200
        assert bound.go("/strict/x").status_code == 200
    assert ("register", "ok") in seen.results


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_the_browser_renews_its_proof_for_as_long_as_the_session_lasts(
    gate: GatewayFixture, algorithm: str
) -> None:
    with gate.browser() as plain:
        bound = BoundBrowser(plain, algorithm)
        bound.log_in()
        for _ in range(3):
            gate.clock.ahead += LIFETIME + 60
            bound.expire()
            answer = bound.go("/echo")
            assert (answer.status_code, answer.json()["user"] is not None) == (200, True)
        assert bound.challenges == 3


def test_a_stolen_cookie_is_worthless_after_its_few_minutes(
    gate: GatewayFixture, browser: BoundBrowser, seen: Seen
) -> None:
    with gate.browser() as thief:
        thief.cookies = dict(browser.browser.cookies)
        assert thief.call("/echo").status_code == 200
        gate.clock.ahead += LIFETIME + 31
        answer = thief.call("/echo")
        assert (answer.status_code, answer.json()["code"]) == (401, "session-unproven")
        for path in ("/oauth2/userinfo", "/oauth2/session", "/oauth2/access"):
            assert thief.call(path).status_code == 401, path
        own = {"sec-fetch-site": "same-origin"}
        assert thief.post("/oauth2/session/refresh", headers=own).status_code == 401
        assert thief.post("/oauth2/sessions/end", headers=own).status_code == 401
        assert thief.go("/echo", headers={**PAGE, "sec-fetch-site": "same-origin"}).status_code == 302
        # What is open to anyone stays open.
        assert thief.call("/public/x").status_code == 200
    assert ("request", "expired") in seen.results
    browser.expire()
    assert browser.go("/echo").status_code == 200


def test_the_ticket_alone_opens_nothing(gate: GatewayFixture, browser: BoundBrowser) -> None:
    ticket = gate.ticket(browser.browser)
    assert ticket is not None
    bound = browser.browser.cookies[browser.cookie]
    end, mark = bound.split(".")
    forged = (
        "", "x", ".", f"{int(end) + 60}.{mark}", f"{end}.", f"{end}.{mark[:-1]}", f"{end}.{'A' * 22}", f"٣{end}.{mark}",
        f"-{end}.{mark}", f"{end}.{mark}=", f"{end}.é", f"{'9' * 400}.{mark}",
    )  # fmt: skip
    for value in forged:
        cookie = f"{gate.session_cookie}={ticket}; {browser.cookie}={value}"
        answer = gate.client.get(f"{gate.url}/echo", headers={**CALL, "cookie": cookie.encode()})
        assert answer.status_code in (400, 401), value
    # Nor does it without the name of its binding, or with that of another one.
    for cut in (ticket.split(".")[0], ticket.split(".")[0] + "." + "A" * 22):
        cookie = f"{gate.session_cookie}={cut}; {browser.cookie}={bound}"
        assert gate.client.get(f"{gate.url}/echo", headers={**CALL, "cookie": cookie}).status_code == 401


def test_the_proof_of_one_session_does_not_open_another(gate: GatewayFixture, browser: BoundBrowser) -> None:
    with gate.browser() as other_plain:
        other = BoundBrowser(other_plain)
        other.log_in()
        swapped = {**browser.browser.cookies, browser.cookie: other_plain.cookies[other.cookie]}
        with gate.browser() as thief:
            thief.cookies = swapped
            assert thief.call("/echo").status_code == 401


def test_another_key_is_refused_and_noted(gate: GatewayFixture, browser: BoundBrowser, seen: Seen) -> None:
    challenge = browser.challenge(browser.ask())
    for key in (new_key(), new_key("RS256")):
        answer = browser.ask(proof(key, challenge))
        assert answer.status_code == 400
        assert answer.json()["reason"] == "binding"
        assert not answer.headers.get_list("set-cookie")
    public = new_key()
    own_jwk = {"jwk": public.as_dict(private=False)}
    assert browser.ask(proof(public, challenge, header=own_jwk)).status_code == 400
    assert [each for each in seen.results if each[1] in ("wrong-key", "algorithm")] == [
        ("refresh", "wrong-key"), ("refresh", "algorithm"), ("refresh", "wrong-key"),
    ]  # fmt: skip
    # The thief's attempts used up nothing.
    assert browser.ask(proof(browser.key, challenge)).status_code == 200


def test_a_challenge_counts_once_and_for_one_session_and_some_minutes(
    gate: GatewayFixture, browser: BoundBrowser, seen: Seen
) -> None:
    signed = proof(browser.key, browser.challenge(browser.ask()))
    assert browser.ask(signed).status_code == 200
    again = browser.ask(signed)
    assert again.status_code == 403
    browser.challenge(again)
    assert browser.ask(proof(browser.key, "invented")).status_code == 403
    late = browser.challenge(browser.ask())
    gate.clock.ahead += 301
    assert browser.ask(proof(browser.key, late)).status_code == 403
    with gate.browser() as plain:
        other = BoundBrowser(plain)
        other.log_in()
        foreign = other.challenge(other.ask())
    assert browser.ask(proof(browser.key, foreign)).status_code == 403
    refused = [result for operation, result in seen.results if operation == "refresh"]
    assert [each for each in refused if each not in ("ok", "challenged")] == [
        "challenge-used", "challenge", "challenge-too-old", "challenge",
    ]  # fmt: skip


def test_two_tabs_that_refresh_at_once_both_succeed(browser: BoundBrowser) -> None:
    first, second = browser.challenge(browser.ask()), browser.challenge(browser.ask())
    assert first != second
    for challenge in (second, first):
        assert browser.ask(proof(browser.key, challenge)).status_code == 200
    assert browser.go("/echo").status_code == 200


def test_a_refresh_needs_the_header_that_no_script_can_send(browser: BoundBrowser) -> None:
    answer = browser.browser.post(REFRESH)
    assert (answer.status_code, answer.json()["reason"]) == (400, "binding")
    for path in (REFRESH, REGISTER):
        assert browser.browser.get(path).status_code == 405


def test_a_refresh_prolongs_nothing_and_never_asks_the_provider(
    gate: GatewayFixture, browser: BoundBrowser
) -> None:
    asked = dict(gate.op.seen)
    idle = browser.browser.call("/oauth2/session").json()["idle_in_seconds"]
    gate.clock.ahead += 300
    assert browser.refresh().status_code == 200
    assert browser.browser.call("/oauth2/session").json()["idle_in_seconds"] <= idle - 299
    assert dict(gate.op.seen) == asked


def test_after_a_logout_the_browser_hears_that_the_session_is_over(
    gate: GatewayFixture, browser: BoundBrowser
) -> None:
    kept = dict(browser.browser.cookies)
    answer = browser.browser.post("/oauth2/logout/local", headers={"sec-fetch-site": "same-origin"})
    cleared = [
        line.partition("=")[0] for line in answer.headers.get_list("set-cookie") if "Max-Age=0" in line
    ]
    assert {gate.session_cookie, browser.cookie} <= set(cleared)
    assert browser.ask().json() == {"session_identifier": browser.id, "continue": False}
    browser.browser.cookies = kept
    assert browser.browser.call("/echo").status_code == 401
    assert browser.ask().json() == {"session_identifier": browser.id, "continue": False}
    browser.refresh()
    assert browser.id is None


def test_an_invitation_counts_once(gate: GatewayFixture, seen: Seen) -> None:
    with gate.browser() as plain:
        bound = BoundBrowser(plain)
        offer = Registration(plain.log_in())
        assert bound.register(offer).status_code == 200
        with gate.browser() as other:
            answer = BoundBrowser(other).register(offer)
            assert (answer.status_code, answer.json()["reason"]) == (400, "binding")
            assert not other.cookies
    assert seen.results[-1] == ("register", "challenge-used")


def _hostile(offer: Registration) -> Iterator[tuple[str, Any, str]]:
    """(what is wrong, what is sent, why it is refused) for a registration."""
    key = new_key()
    public = key.as_dict(private=False)
    code = {"authorization": offer.authorization}
    weak = ECKey.generate_key("P-384").as_dict(private=False)

    def signed(header: Any, claims: Any, challenge: str = offer.challenge) -> str:
        return f'"{proof(key, challenge, header=header, claims=claims)}"'

    yield "nothing", None, "malformed"
    yield "no JWT", '"x"', "malformed"
    yield "no string", "?1", "malformed"
    yield "two strings", '"a.b.c", "a.b.c"', "malformed"
    yield "too long", f'"{"a" * 5_000}"', "malformed"
    yield "other type", signed({"jwk": public, "typ": "jwt"}, code), "malformed"
    yield "no key", signed({}, code), "key"
    yield "other key", signed({"jwk": new_key().as_dict(private=False)}, code), "wrong-key"
    yield "other curve", signed({"jwk": weak}, code), "key"
    yield "key as text", signed({"jwk": "x"}, code), "malformed"
    yield "a key with empty parts", signed({"jwk": {**public, "x": ""}}, code), "key"
    yield "no code", signed({"jwk": public}, {}), "challenge"
    yield "other code", signed({"jwk": public}, {"authorization": "A" * 43}), "challenge"
    yield "code as number", signed({"jwk": public}, {"authorization": 1}), "malformed"
    yield "other challenge", signed({"jwk": public}, code, "A" * 43), "challenge"
    yield "other audience", signed({"jwk": public}, {**code, "aud": "https://x.test/reg"}), "audience"
    yield "critical extension", signed({"jwk": public, "crit": ["b64"], "b64": True}, code), "malformed"
    none = json.dumps({"alg": "none", "typ": "dbsc+jwt"})
    payload = json.dumps({"jti": offer.challenge, **code})
    unsigned = ".".join((_b64(none), _b64(payload), ""))
    yield "unsigned", f'"{unsigned}"', "algorithm"


def _b64(text: str) -> str:
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def test_hostile_registrations_bind_nothing(gate: GatewayFixture, seen: Seen) -> None:
    with gate.browser() as plain:
        offer = Registration(plain.log_in())
        for what, value, why in _hostile(offer):
            lines = {"secure-session-response": value} if value is not None else {}
            answer = plain.post(REGISTER, headers=lines)
            assert answer.status_code == 400, what
            assert seen.results[-1] == ("register", why), what
        assert plain.call("/echo").status_code == 200
        assert BoundBrowser(plain).register(offer).status_code == 200, "the invitation was not used up"


def test_an_offer_that_is_too_old_binds_nothing(gate: GatewayFixture, seen: Seen) -> None:
    with gate.browser() as plain:
        offer = Registration(plain.log_in())
        gate.clock.ahead += 301
        assert BoundBrowser(plain).register(offer).status_code == 400
        assert seen.results[-1] == ("register", "challenge-too-old")
        assert plain.call("/echo").status_code == 200


def test_the_ticket_of_before_goes_on_for_a_moment_only(gate: GatewayFixture) -> None:
    with gate.browser() as plain:
        bound = BoundBrowser(plain)
        offer = Registration(plain.log_in())
        before = gate.ticket(plain)
        bound.register(offer)
        assert gate.with_ticket(before, "/echo").status_code == 200, "requests that were under way"
        gate.clock.ahead += 11
        assert gate.with_ticket(before, "/echo").status_code == 401
        assert bound.go("/echo").status_code == 200


def test_a_browser_without_it_has_a_session_as_before(gate: GatewayFixture) -> None:
    with gate.browser() as plain:
        plain.log_in()
        gate.clock.ahead += 2 * LIFETIME
        assert plain.call("/echo").status_code == 200


def test_refreshes_are_limited_for_each_session(
    gate: GatewayFixture, browser: BoundBrowser, seen: Seen
) -> None:
    answers = [browser.ask().status_code for _ in range(32)]
    assert answers[:30] == [403] * 30
    limited = browser.ask()
    assert limited.status_code == 429
    assert int(limited.headers["retry-after"]) >= 1
    assert ("refresh", "limited") in seen.results
    gate.clock.ahead += 60
    assert browser.refresh().status_code == 200


def test_a_browser_says_why_it_did_not_refresh(
    gate: GatewayFixture, browser: BoundBrowser, seen: Seen
) -> None:
    browser.expire()
    for skipped, why in (
        (f'quota_exceeded;session_identifier="{browser.id}"', "quota_exceeded"),
        ("unreachable", "unreachable"),
        ("invented, unreachable", "expired"),
    ):
        answer = browser.browser.call("/echo", **{"secure-session-skipped": skipped})
        assert answer.json()["reason"] == why
        assert seen.results[-1] == ("request", why)


def test_a_right_that_ends_gives_a_ticket_with_the_same_binding(
    gate: GatewayFixture, browser: BoundBrowser
) -> None:
    ticket, rights = gate.ticket(browser.browser), gate.op.claims["ovam_rol_3d"]
    gate.op.claims["ovam_rol_3d"] = []
    gate.clock.ahead += 120
    try:
        own = {"sec-fetch-site": "same-origin"}
        assert browser.browser.post("/oauth2/session/refresh", headers=own).status_code == 200
    finally:
        gate.op.claims["ovam_rol_3d"] = rights
    renewed = gate.ticket(browser.browser)
    assert renewed is not None
    assert renewed != ticket
    assert renewed.endswith(f".{browser.id}")
    assert browser.browser.call("/echo").status_code == 200
    assert browser.refresh().status_code == 200


def test_without_the_option_nothing_is_offered_and_bound_tickets_open_nothing(
    gate: GatewayFixture, browser: BoundBrowser, tmp_path: Path
) -> None:
    with scripted_gateway(tmp_path) as other, other.browser() as plain:
        answer = plain.log_in()
        assert "secure-session-registration" not in answer.headers
        assert plain.post(REFRESH).status_code == 404
        assert other.with_ticket(gate.ticket(browser.browser), "/echo").status_code == 401
