"""The cases of hostile ID tokens, each through a whole login: none but the good ones ends in an identity."""

from __future__ import annotations

import time
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.errors import LoginFailed, ProviderUnavailable
from tests.auth.conftest import Connects
from tests.auth.mutations import FIELDS, script_token
from tests.auth.scripted_provider import CLIENT_ID, ScriptedProvider
from tests.cases.runners import ID_TOKEN, meaning, runs

# Whether such a token may end in an identity. Where a standard advises to refuse, we do.
OUTCOMES: dict[str, tuple[bool, ...]] = {
    "accept": (True,),
    "reject": (False,),
    "reject_preferred": (False,),
    "accept_or_reject": (True, False),
    "accept_or_reject_by_policy": (True, False),
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
    outcomes = meaning(OUTCOMES, case["expected"])
    begun = time.thread_time()  # of this thread alone: the provider works in another one
    with capture_logs() as logs:
        try:
            finished = await browser.finish(query)
        except (LoginFailed, ProviderUnavailable) as refused:
            assert False in outcomes, refused
            said = f"{refused.facts} {refused.detail} {logs}"
            assert "alice" not in said
            assert "AAAA" not in said
            assert reason_is_the_token(refused) or op.largest > UNREAD
        else:
            assert True in outcomes
            assert finished.identity.subject == "alice"

    assert (time.thread_time() - begun) * 1000 < case.get("max_ms", 10_000)
    assert case.get("no_outbound_to") not in connects.peers
    assert op.seen["keys"] <= 2


def reason_is_the_token(refused: LoginFailed | ProviderUnavailable) -> bool:
    return isinstance(refused, LoginFailed) and (
        refused.reason.startswith("id-token-") or refused.reason == "clock-skew"
    )


async def test_a_token_without_a_key_id_may_name_the_one_key_that_fits(
    gate: Any, op: ScriptedProvider
) -> None:
    """With several keys of which one fits its algorithm; an audience beside ours is refused, azp or not."""
    script_token(op, {"header": {"del": ["kid"]}})
    browser = (await gate()).browser()
    assert (await browser.log_in()).identity.subject == "alice"
    script_token(op, {"payload": {"set": {"aud": [CLIENT_ID, "other"], "azp": CLIENT_ID}}})
    with pytest.raises(LoginFailed, match="id-token-"):
        await browser.log_in()
