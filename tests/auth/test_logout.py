"""Where a logout goes at the provider, and which browser it comes back to."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.responses import JSONResponse

from gateway.auth.logout import Logout, LogoutCookie, LogoutNotice
from gateway.auth.tokens import TokenRefused
from tests.auth.conftest import Side
from tests.auth.scripted_provider import CLIENT_ID, ScriptedProvider, signed


async def logout_of(gate: Any, **changes: Any) -> Logout:
    side: Side = await gate(**changes)
    return Logout(side.provider, public_url="https://gw.test")


@pytest.mark.parametrize(
    ("hint", "options", "query"),
    [
        ("client_id", {"id_token": "a.b.c"}, {"client_id": CLIENT_ID}),
        ("id_token_hint", {"id_token": "a.b.c"}, {"id_token_hint": "a.b.c"}),
        ("id_token_hint", {}, {"client_id": CLIENT_ID}),
        ("id_token_hint", {"id_token": "a.b." + 6_000 * "c"}, {"client_id": CLIENT_ID}),
        ("both", {"id_token": "a.b." + 6_000 * "c"}, {"client_id": CLIENT_ID}),
        ("both", {"id_token": "a.b.c"}, {"client_id": CLIENT_ID, "id_token_hint": "a.b.c"}),
        ("both", {}, {"client_id": CLIENT_ID}),
        ("both", {"id_token": "a.b.c", "switch": True}, {"client_id": CLIENT_ID, "switch": "true"}),
        ("id_token_hint", {"id_token": "a.b.c", "switch": True}, {"client_id": CLIENT_ID, "switch": "true"}),
    ],
)
async def test_the_session_is_identified_as_configured(
    gate: Any, hint: str, options: dict[str, Any], query: dict[str, str]
) -> None:
    location = await (await logout_of(gate, logout={"hint": hint})).location("s", **options)
    assert location is not None
    found = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    back = {"post_logout_redirect_uri": "https://gw.test/oauth2/logout/callback", "state": "s"}
    assert found == query | back


async def test_a_provider_without_logout(gate: Any, op: ScriptedProvider) -> None:
    op.discovery["end_session_endpoint"] = None
    assert await (await logout_of(gate)).location("s") is None


async def test_a_logout_token_says_what_ends(gate: Any, op: ScriptedProvider, clock: Any) -> None:
    logout = await logout_of(gate)
    claims = {
        "iss": op.issuer, "aud": CLIENT_ID, "iat": clock.now, "exp": clock.now + 60, "jti": "j1", "sid": "s1",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }  # fmt: skip
    assert await logout.read_notice(signed(claims)) == LogoutNotice("j1", "s1", None)
    with pytest.raises(TokenRefused, match="event"):
        await logout.read_notice(signed(claims | {"events": {}}))
    assert logout.is_issuer(op.issuer)
    assert not logout.is_issuer(f"{op.issuer}/")


@pytest.mark.parametrize(("ahead", "taken"), [(0, 0), (20, 20), (-20, -20), (900, 30), (-900, -30)])
async def test_a_logout_by_subject_is_about_sessions_before_it(
    gate: Any, op: ScriptedProvider, clock: Any, ahead: int, taken: int
) -> None:
    logout = await logout_of(gate)
    date = formatdate(clock.now + ahead, usegmt=True)
    op.answers["keys"] = lambda _request: JSONResponse({"keys": op.keys}, headers={"date": date})
    claims = {
        "iss": op.issuer, "aud": CLIENT_ID, "iat": int(clock.now) - 5, "exp": clock.now + 60, "jti": "j1", "sub": "alice",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }  # fmt: skip
    found = await logout.read_notice(signed(claims))
    assert found.before == pytest.approx(int(clock.now) - 5 - taken + 1, abs=1.0)


def browser_of(set_cookie: str) -> dict[str, str]:
    name, _, value = set_cookie.partition(";")[0].partition("=")
    return {name: value}


def test_a_logout_comes_back_to_its_own_browser_alone() -> None:
    cookie = LogoutCookie(environment="ti", secure=True)
    pending, line = cookie.begin("/reports?page=2")
    assert line.startswith("__Host-tgp-ti-logout=")
    assert cookie.finish(pending.state, browser_of(line)) == pending
    assert cookie.finish(pending.state, {}) is None
    assert cookie.finish(None, browser_of(line)) is None
    other, _ = cookie.begin("/")
    assert cookie.finish(other.state, browser_of(line)) is None
    for odd in ("", "!", "e30", "bm8"):
        assert cookie.finish(pending.state, {"__Host-tgp-ti-logout": odd}) is None
    assert "Max-Age=0" in cookie.clear()


def test_a_path_that_does_not_fit_a_cookie_is_dropped() -> None:
    assert LogoutCookie(environment="ti", secure=False).begin("/" + "x" * 3_000)[0].onward == ""
