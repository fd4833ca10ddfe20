"""A described subject is read as an identity, or said to be unreadable by the name of its property."""

from __future__ import annotations

import time
from typing import Any

import pytest

from gateway.analysis.subject_identity import identity_of_subject, moment_of
from gateway.model import Identity
from tests.policy.conftest import RIGHTS


def _read(properties: dict[str, Any], kind: Any = "person") -> Identity:
    return identity_of_subject("anna", properties, kind=kind, claims=["role"], rights=RIGHTS, issuer="op")


def test_properties_become_an_identity() -> None:
    found = _read(
        {
            "organisation": "1",
            "rights": ["lezer", "A-B:2"],
            "role": "admin",
            "claims": {"c": 1},
            "authenticated_at": "1970-01-01T00:01Z",
            "department": "unknown",
        }
    )
    assert [(right.name, right.context, right.organisation) for right in found.rights] == [
        ("OVAMGebruiker", "Lezer", "1"),
        ("A", "B", "2"),
    ]
    assert (found.subject, found.issuer, found.claims) == ("anna", "op", {"c": 1, "role": "admin"})
    assert found.authenticated_at == 60.0
    assert _read({"scopes": ["x"]}, "machine").kind == "machine"


@pytest.mark.parametrize(
    "properties",
    [
        {"rights": "all"}, {"rights": ["nonsense"]}, {"doelgroep": 1}, {"claims": [], "role": 1}, {"claims": 1, "role": 1},
        {"authenticated_at": "yesterday"}, {"authenticated_at": None},
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(properties: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"right|doelgroep|claims|authenticated_at"):
        _read(properties)


def test_times_have_an_offset() -> None:
    assert moment_of("2025-06-27T18:03-07:00", "time") == 1_751_072_580.0
    for odd in ("2025-06-27T18:03", time.time(), "0001-01-01T00:00+14:00x"):
        with pytest.raises(ValueError, match="with its offset"):
            moment_of(odd, "time")
