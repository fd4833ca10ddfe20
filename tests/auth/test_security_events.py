"""What a security event names, and what it ends; tokens over HTTP: tests/endpoints/test_signals.py."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.auth.security_events import (
    CREDENTIAL_CHANGE,
    SESSION_REVOKED,
    SessionSelector,
    Signal,
    signals_in,
)

OP = "https://acm.test/op"
ALICE = {"format": "iss_sub", "iss": OP, "sub": "alice"}


def signal(kind: str, about: Any, changes: tuple[str, ...] = ("revoke",), **event: Any) -> Signal:
    claims = {"iat": 1_000, "sub_id": about, "events": {kind: event}}
    (found,) = signals_in(claims, OP, changes)
    return found


@pytest.mark.parametrize(
    ("about", "revoked", "changed"),
    [
        (ALICE, SessionSelector(subject="alice"), SessionSelector(subject="alice")),
        # A simple opaque id is a session's where a session was revoked, a person's where a credential is.
        ({"format": "opaque", "id": "s1"}, SessionSelector(sid="s1"), SessionSelector(subject="s1")),
        ({**ALICE, "iss": f"{OP}/"}, None, None),
        ({**ALICE, "sub": ""}, None, None),
        ({**ALICE, "sub": ["alice"]}, None, None),
        ({"format": "email", "email": "alice@x.be"}, None, None),
        ({"format": "account", "uri": "acct:alice@x.be"}, None, None),
        ({"format": "jwt_id", "iss": OP, "jti": "alice"}, None, None),
        ({"format": "aliases", "identifiers": [{"format": "email"}, ALICE]}, SessionSelector(subject="alice"), SessionSelector(subject="alice")),
        ({"format": "aliases", "identifiers": [{"format": "aliases", "identifiers": [ALICE]}]}, None, None),
        ({"format": "aliases", "identifiers": ["alice"]}, None, None),
        ({"format": "x" * 9}, None, None),
        ({}, None, None),
    ],
)  # fmt: skip
def test_whom_it_names(about: Any, revoked: SessionSelector | None, changed: SessionSelector | None) -> None:
    assert signal(SESSION_REVOKED, about).target == revoked
    event = {"change_type": "revoke", "credential_type": "pin"}
    assert signal(CREDENTIAL_CHANGE, about, **event).target == changed


def test_when_it_happened() -> None:
    claims = {
        "iat": 1_000,
        "toe": 900,
        "sub_id": ALICE,
        "events": {SESSION_REVOKED: {"event_timestamp": 800}},
    }
    assert [each.happened for each in signals_in(claims, OP, ())] == [800.0]
    claims["events"] = {SESSION_REVOKED: {}}
    assert [each.happened for each in signals_in(claims, OP, ())] == [900.0]
    assert signal(SESSION_REVOKED, ALICE).happened == 1_000.0


@pytest.mark.parametrize(
    ("change", "ends"), [("create", False), ("update", True), ("revoke", False), ("delete", False)]
)
def test_the_changes_that_are_asked_for(change: str, *, ends: bool) -> None:
    found = signal(CREDENTIAL_CHANGE, ALICE, ("update",), change_type=change, credential_type="pin")
    assert (found.ends, found.target is not None) == (ends, ends)
