"""What the userinfo endpoint adds to the claims of the ID token, and for whom."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from gateway.errors import LoginFailed, ProviderUnavailable
from tests.auth.conftest import Browser
from tests.auth.scripted_provider import ScriptedProvider, signed


async def test_userinfo_adds_claims_and_overrides_none(gate: Any, op: ScriptedProvider) -> None:
    op.claims = {"given_name": "An"}
    op.userinfo = {"given_name": "Bert", "family_name": "Peeters", "vo_orgcode": "0456789034", "acr": "x"}
    finished = await (await gate(userinfo=True)).browser().log_in()
    assert finished.identity.name == "An Peeters"
    assert finished.identity.organisation.code == "0456789034"
    assert finished.identity.acr is None


@pytest.mark.parametrize(
    ("changes", "accepted"),
    [({}, True), ({"iss": "https://evil.test"}, False), ({"aud": "other"}, False), ({"sub": "bob"}, False)],
)
@pytest.mark.parametrize("name", ["k1", "attacker_rsa"])
async def test_signed_userinfo(
    gate: Any, op: ScriptedProvider, changes: dict[str, Any], accepted: bool, name: str
) -> None:
    claims = {"iss": op.issuer, "aud": "gw", "sub": "alice", "family_name": "Peeters"} | changes
    token = signed(claims, name=name, kid="k1")
    op.answers["userinfo"] = lambda _request: Response(token, media_type="application/jwt")
    browser: Browser = (await gate(userinfo=True)).browser()
    if accepted and name == "k1":
        assert (await browser.log_in()).identity.family_name == "Peeters"
        return
    with pytest.raises(LoginFailed, match="userinfo"):
        await browser.log_in()


@pytest.mark.parametrize(("status", "error"), [(500, ProviderUnavailable), (403, LoginFailed)])
async def test_userinfo_that_refuses(
    gate: Any, op: ScriptedProvider, status: int, error: type[Exception]
) -> None:
    op.answers["userinfo"] = lambda _request: JSONResponse({}, status)
    with pytest.raises(error, match="userinfo"):
        await (await gate(userinfo=True)).browser().log_in()


async def test_a_provider_without_the_endpoint(gate: Any, op: ScriptedProvider) -> None:
    op.discovery["userinfo_endpoint"] = None
    with pytest.raises(ProviderUnavailable, match="userinfo_endpoint"):
        await (await gate(userinfo=True)).browser().log_in()
