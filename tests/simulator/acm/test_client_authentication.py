"""The three ways in which a client proves who it is, and every way in which it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from tests.simulator.acm.conftest import WEB, MakeParty
from tests.simulator.acm.relying_party import ASSERTION_TYPE, RelyingParty

KEYED = "6f1d0000-0000-4000-8000-000000000002"


@pytest.mark.parametrize(
    ("client_id", "how"),
    [
        (WEB.client_id, "client_secret_basic"),
        (WEB.client_id, "client_secret_post"),
        (KEYED, "private_key_jwt"),
    ],
)
def test_a_client_that_proves_itself_gets_tokens(party: MakeParty, client_id: str, how: str) -> None:
    client = party(client_id)
    assert client.redeem(client.code(), how=how).status_code == 200


@pytest.mark.parametrize(
    ("client_id", "how", "form"),
    [
        (WEB.client_id, "none", {}),
        (WEB.client_id, "none", {"client_id": WEB.client_id}),
        (WEB.client_id, "none", {"client_id": WEB.client_id, "client_secret": "wrong"}),
        (WEB.client_id, "none", {"client_id": WEB.client_id, "client_secret": ""}),
        (WEB.client_id, "none", {"client_id": "nobody", "client_secret": WEB.secret}),
        (KEYED, "none", {"client_id": KEYED, "client_secret": "None"}),
        (KEYED, "none", {"client_assertion_type": ASSERTION_TYPE, "client_assertion": "a.b.c"}),
        (KEYED, "private_key_jwt", {"client_assertion_type": "urn:something:else"}),
    ],
)
def test_a_client_that_does_not_gets_nothing(
    party: MakeParty, client_id: str, how: str, form: dict[str, str]
) -> None:
    client = party(client_id)
    answer = client.redeem(client.code(), how=how, **form)
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": None}, {"aud": "https://elsewhere.example"}, {"aud": "{issuer}/v1/token"}, {"exp": None},
        {"jti": None}, {"iss": None}, {"iss": WEB.client_id}, {"sub": WEB.client_id}, {"exp": -31},
        {"exp": 660}, {"nbf": 120},
    ],
    ids=str,
)  # fmt: skip
def test_an_assertion_of_another_form_is_refused(party: MakeParty, changes: dict[str, Any]) -> None:
    client = party(KEYED)
    now = int(client.clock())
    wrong = {
        name: now + value if isinstance(value, int)
        else value.format(issuer=client.issuer) if isinstance(value, str) else value
        for name, value in changes.items()
    }  # fmt: skip
    answer = client.redeem(client.code(), client_assertion=client.assertion(**wrong))
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize("seconds", [60, 600])
def test_an_assertion_may_live_for_ten_minutes(party: MakeParty, seconds: int) -> None:
    client = party(KEYED)
    assertion = client.assertion(exp=int(client.clock()) + seconds)
    assert client.redeem(client.code(), client_assertion=assertion).status_code == 200


def test_an_assertion_works_once(party: MakeParty) -> None:
    client = party(KEYED)
    assertion = client.assertion()
    assert client.redeem(client.code(), client_assertion=assertion).status_code == 200
    again = client.redeem(client.code(), client_assertion=assertion)
    assert again.status_code in (400, 401)
    assert again.json()["error"] == "invalid_client"


def forged(client: RelyingParty, kind: str) -> str:
    claims = jwt.decode(client.assertion(), client.key, algorithms=["RS256"]).claims  # type: ignore[arg-type]
    if kind == "another key":
        return jwt.encode({"alg": "RS256"}, claims, RSAKey.generate_key(2048))
    if kind == "public key as secret":
        public = OctKey.import_key(json.dumps(client.client.jwks).encode())
        return jwt.encode({"alg": "HS256"}, claims, public)
    head, body, signature = client.assertion().split(".")
    if kind == "no signature":
        return f"{head}.{body}."
    return f"{head}.{body}.{signature[:-4]}AAAA"


@pytest.mark.parametrize("kind", ["another key", "public key as secret", "no signature", "damaged signature"])
def test_a_forged_assertion_is_refused(party: MakeParty, kind: str) -> None:
    client = party(KEYED)
    answer = client.redeem(client.code(), client_assertion=forged(client, kind))
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] == "invalid_client"
