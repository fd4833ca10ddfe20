"""ACM's keys: replaced while it runs, without anybody noticing."""

from __future__ import annotations

import httpx2

from simulator.acm.keys import OVERLAP_SECONDS
from simulator.acm.state import AcmState
from tests.simulator.acm.conftest import opened
from tests.simulator.acm.relying_party import Clock, RelyingParty


def published(acm: AcmState) -> list[dict[str, str]]:
    keys: list[dict[str, str]] = httpx2.get(f"{acm.issuer}/v1/keys", trust_env=False).json()["keys"]
    return keys


def test_keys_are_public_halves_with_an_id(acm: AcmState) -> None:
    (key,) = published(acm)
    assert set(key) == {"alg", "e", "kid", "kty", "n", "use"}
    assert (key["alg"], key["kty"], key["use"]) == ("RS256", "RSA", "sig")


def test_a_replaced_key_stays_published_while_its_tokens_live(
    acm: AcmState, web: RelyingParty, clock: Clock
) -> None:
    before = web.redeem(web.code()).json()["id_token"]
    (old,) = published(acm)
    answer = httpx2.post(f"{acm.base}/keys/rotate", json={}, trust_env=False)
    kid = answer.json()["kid"]
    assert [key["kid"] for key in published(acm)] == [kid, old["kid"]]
    assert opened(acm, before)[1]["kid"] == old["kid"]
    header, claims = opened(acm, web.redeem(web.code()).json()["id_token"])
    assert header["kid"] == claims["kid"] == kid
    clock.now += OVERLAP_SECONDS
    assert [key["kid"] for key in published(acm)] == [kid]
