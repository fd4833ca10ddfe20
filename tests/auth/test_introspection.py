"""Which answers about an opaque token are accepted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.responses import JSONResponse

from gateway.auth.introspection import Introspection
from gateway.auth.settings import IntrospectionSettings, ProviderSettings
from gateway.auth.tokens import TokenRefused
from gateway.errors import ProviderUnavailable
from tests.auth.conftest import Side
from tests.auth.scripted_provider import CLIENT_ID, ScriptedProvider


@pytest.fixture
async def introspection(gate: Any, settings: Callable[..., ProviderSettings]) -> Introspection:
    side: Side = await gate()
    own = IntrospectionSettings(client_id=CLIENT_ID, client_auth=settings().client_auth, audience=("api",))
    made = Introspection(own, side.provider)
    made.load()
    return made


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({}, "", ""),
        ({"aud": ["other", "api"]}, "", ""),
        ({"token_type": "bearer"}, "", ""),
        ({"iss": None}, "issuer", "issued by None"),
        ({"active": False}, "not-active", ""),
        ({"active": "true"}, "not-active", ""),
        ({"iss": "https://evil.test"}, "issuer", "issued by 'https://evil.test'"),
        ({"token_type": "DPoP"}, "token-type", "DPoP"),
        ({"aud": "other"}, "audience", "for 'other', accepted: api"),
        ({"aud": None}, "audience", "names no audience"),
        ({"exp": 0}, "expired", "s ago"),
        ({"exp": "soon"}, "time-malformed", ""),
        ({"nbf": 1e11}, "not-yet-valid", "valid in"),
    ],
)
async def test_answers(
    introspection: Introspection,
    op: ScriptedProvider,
    clock: Any,
    changes: dict[str, Any],
    reason: str,
    words: str,
) -> None:
    found = {"active": True, "aud": "api", "exp": clock.now + 60, "iss": op.issuer, "sub": "m"} | changes
    op.answers["introspect"] = lambda _request: JSONResponse(found)
    if not reason:
        assert await introspection.claims("opaque") == found
        return
    with pytest.raises(TokenRefused) as refused:
        await introspection.claims("opaque")
    assert refused.value.reason == reason
    assert words in refused.value.detail


@pytest.mark.parametrize("answer", [JSONResponse([]), JSONResponse({}, 401), JSONResponse({}, 500)])
async def test_no_answer_is_no_verdict(
    introspection: Introspection, op: ScriptedProvider, answer: JSONResponse
) -> None:
    op.answers["introspect"] = lambda _request: answer
    with pytest.raises(ProviderUnavailable, match="introspection"):
        await introspection.claims("opaque")


async def test_a_provider_without_the_endpoint(introspection: Introspection, op: ScriptedProvider) -> None:
    op.discovery["introspection_endpoint"] = None
    with pytest.raises(ProviderUnavailable, match="introspection_endpoint"):
        await introspection.claims("opaque")


@pytest.mark.parametrize(
    ("audience", "accepted"), [(..., True), (None, True), ("api", True), ("other", False), ([], False)]
)
async def test_an_answer_without_an_audience_where_that_is_accepted(
    gate: Any,
    settings: Callable[..., ProviderSettings],
    op: ScriptedProvider,
    clock: Any,
    audience: Any,
    accepted: bool,
) -> None:
    own = IntrospectionSettings(
        client_id=CLIENT_ID, client_auth=settings().client_auth, audience=("api",), require_audience=False
    )
    asking = Introspection(own, (await gate()).provider)
    asking.load()
    found = {"active": True, "exp": clock.now + 60, "iss": op.issuer, "sub": "m"}
    found |= {} if audience is ... else {"aud": audience}
    op.answers["introspect"] = lambda _request: JSONResponse(found)
    if accepted:
        assert await asking.claims("opaque") == found
    else:
        with pytest.raises(TokenRefused, match="audience"):
            await asking.claims("opaque")
