"""The corpus of hostile ID tokens, each through a whole login: none but the good ones ends in an identity."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.errors import LoginFailed, ProviderUnavailable
from tests.auth.mutations import script_token
from tests.auth.scripted_provider import ScriptedProvider
from tests.cases.load import load

CASES = [case for case in load("token-cases.json") if case["kind"] == "id_token"]
# Where a standard leaves it to us, we refuse what ACM never sends; a single fitting key needs no kid.
LEFT_TO_US = {
    "accept_or_reject_by_policy": "reject",
    "accept_or_reject": "accept",
    "reject_preferred": "reject",
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
async def test_id_tokens(gate: Any, op: ScriptedProvider, case: dict[str, Any]) -> None:
    request = case.get("request")
    changes = {"acr_values": (request["acr_values"],), "max_age": f"{request['max_age']}s"} if request else {}
    if request:
        op.claims = {"acr": "2", "auth_time": op.clock() - 10}
    script_token(op, case["mutation"])
    browser = (await gate(**changes)).browser()
    expected = LEFT_TO_US.get(case["expected"], case["expected"])

    query = await browser.visit((await browser.begin()).location)
    if expected == "accept":
        assert (await browser.finish(query)).identity.subject == "alice"
        return
    with capture_logs() as logs, pytest.raises((LoginFailed, ProviderUnavailable)) as refused:
        await browser.finish(query)

    if isinstance(refused.value, LoginFailed):
        assert refused.value.reason.startswith("id-token-") or refused.value.reason == "clock-skew"
    else:
        assert case["id"] == "sig-huge-token"  # not even read
    told = f"{refused.value.facts} {refused.value.detail} {logs}"
    assert "alice" not in told
    assert "AAAA" not in told
    assert op.seen["keys"] <= 2
