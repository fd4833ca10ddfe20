"""Which answers about an opaque token are accepted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.responses import JSONResponse

from gateway.auth.introspection import Introspection
from gateway.auth.settings import IntrospectionSettings, ProviderSettings
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
    ("changes", "valid"),
    [
        ({}, True),
        ({"aud": ["other", "api"]}, True),
        ({"token_type": "bearer"}, True),
        ({"iss": None}, False),
        ({"active": False}, False),
        ({"active": "true"}, False),
        ({"iss": "https://evil.test"}, False),
        ({"token_type": "DPoP"}, False),
        ({"aud": "other"}, False),
        ({"aud": None}, False),
        ({"exp": 0}, False),
        ({"exp": "soon"}, False),
        ({"nbf": 1e11}, False),
    ],
)
async def test_answers(
    introspection: Introspection, op: ScriptedProvider, clock: Any, changes: dict[str, Any], valid: bool
) -> None:
    found = {"active": True, "aud": "api", "exp": clock.now + 60, "iss": op.issuer, "sub": "m"} | changes
    op.answers["introspect"] = lambda _request: JSONResponse(found)
    assert await introspection.claims("opaque") == (found if valid else None)


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
