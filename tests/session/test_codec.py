"""Sessions as bytes: what an earlier version wrote is still read, and what is of another form is no session."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gateway.model import ClaimFault, Identity, Organisation, Right, Tokens
from gateway.session.codec import Session, decode_session, encode_session

SESSION = Session(
    "s1",
    Identity(
        "https://op.test",
        "alice",
        given_name="Zoë",
        doelgroep="EA",
        organisation=Organisation("0428315871", "OVAM"),
        rights=(Right("Lezer", "Meldingen", "0428315871"),),
        acr="urn:eid",
        authenticated_at=1_800_000_000.5,
        claims={"team": ["a"]},
        faults=(ClaimFault("phone_number", "not-text"),),
    ),
    1_800_000_001.0,
    1_800_000_002.0,
    Tokens("access", "refresh", "id", 1_800_000_003.0, "sid"),
    1_800_000_001.5,
    1_800_000_001.75,
)
# As the first version wrote it.
STORED: dict[str, Any] = {
    "form": 1,
    "id": "s1",
    "created_at": 1_800_000_001.0,
    "expires_at": 1_800_000_002.0,
    "checked_at": 1_800_000_001.5,
    "lenient_until": 1_800_000_001.75,
    "device": None,
    "identity": {
        "issuer": "https://op.test",
        "subject": "alice",
        "given_name": "Zoë",
        "family_name": None,
        "email": None,
        "phone": None,
        "doelgroep": "EA",
        "acr": "urn:eid",
        "authenticated_at": 1_800_000_000.5,
        "kind": "person",
        "scopes": [],
        "audiences": [],
        "claims": {"team": ["a"]},
        "organisation": {"code": "0428315871", "name": "OVAM"},
        "rights": [{"name": "Lezer", "context": "Meldingen", "organisation": "0428315871"}],
        "faults": [{"claim": "phone_number", "fault": "not-text"}],
    },
    "tokens": {
        "access_token": "access",
        "refresh_token": "refresh",
        "id_token": "id",
        "expires_at": 1_800_000_003.0,
        "sid": "sid",
        "nonce": None,
    },
}


def test_the_stored_form_is_read_and_written() -> None:
    assert decode_session(json.dumps(STORED).encode()) == SESSION
    assert json.loads(encode_session(SESSION)) == STORED
    assert encode_session(SESSION).isascii()


def test_only_a_session_with_a_refresh_token_is_renewable() -> None:
    assert SESSION.renewable
    assert not replace(SESSION, tokens=Tokens("access")).renewable
    assert not replace(SESSION, tokens=None).renewable


def test_fields_that_came_later_may_be_absent() -> None:
    identity = {
        name: value for name, value in STORED["identity"].items() if name not in ("audiences", "faults")
    }
    content = {name: value for name, value in STORED.items() if name not in ("checked_at", "lenient_until")}
    found = decode_session(json.dumps({**content, "identity": identity}).encode())
    assert found is not None
    assert (found.checked_at, found.lenient_until) == (found.created_at, 0.0)
    assert (found.identity.audiences, found.identity.faults) == ((), ())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"7",
        b"[]",
        b"{}",
        b'{"form":2}',
        b"\xff",
        json.dumps({**STORED, "form": 2}).encode(),
        json.dumps({**STORED, "colour": "red"}).encode(),
        json.dumps({**STORED, "identity": {**STORED["identity"], "colour": "red"}}).encode(),
        json.dumps({**STORED, "identity": None}).encode(),
        encode_session(SESSION)[:-2],
    ],
)
def test_another_form_is_no_session(content: bytes) -> None:
    assert decode_session(content) is None
