"""The cases of hostile ID tokens, each through a whole login: none but the good ones ends in an identity."""

from __future__ import annotations

import time
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.errors import LoginFailed, ProviderUnavailable
from tests.auth.conftest import Connects
from tests.auth.mutations import FIELDS, script_token
from tests.auth.scripted_provider import ScriptedProvider
from tests.cases.runners import ID_TOKEN, runs

# Where a standard leaves it to us, we refuse what ACM never sends; a single fitting key needs no kid.
DECIDED = {
    "accept": True,
    "reject": False,
    "reject_preferred": False,
    "accept_or_reject_by_policy": False,
    "accept_or_reject": True,
}
# A token that is larger than this isn't even read.
UNREAD = 1_000_000


@runs(
    ID_TOKEN, fields=("kind", "expected", "max_ms", "no_outbound_to"), mutation=FIELDS,
    request=("max_age", "acr_values"),
)  # fmt: skip
async def test_id_token_cases(
    gate: Any, op: ScriptedProvider, connects: Connects, case: dict[str, Any]
) -> None:
    request = case.get("request", {})
    changes: dict[str, Any] = {}
    if request:
        op.claims = {"acr": request["acr_values"], "auth_time": op.clock() - 10}
        changes = {"acr_values": (request["acr_values"],), "max_age": f"{request['max_age']}s"}
    script_token(op, case["mutation"])
    browser = (await gate(**changes)).browser()

    query = await browser.visit((await browser.begin()).location)
    begun = time.thread_time()  # of this thread alone: the provider works in another one
    if DECIDED[case["expected"]]:
        assert (await browser.finish(query)).identity.subject == "alice"
        return
    with capture_logs() as logs, pytest.raises((LoginFailed, ProviderUnavailable)) as refused:
        await browser.finish(query)

    took = time.thread_time() - begun
    assert took * 1000 < case.get("max_ms", 10_000)
    assert case.get("no_outbound_to") not in connects.peers
    if isinstance(refused.value, LoginFailed):
        assert refused.value.reason.startswith("id-token-") or refused.value.reason == "clock-skew"
    else:
        assert op.largest > UNREAD
    told = f"{refused.value.facts} {refused.value.detail} {logs}"
    assert "alice" not in told
    assert "AAAA" not in told
    assert op.seen["keys"] <= 2
