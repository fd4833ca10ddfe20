"""Whom an operator means."""

from __future__ import annotations

import pytest
import typer

from gateway.cli.people import UNKNOWN, Listed, SessionFilter, one_person, organisation_code
from gateway.session.store import StoredSession
from gateway.session.summary import SessionSummary

NAMES = {"k2": "new", "k1": "old"}


def listed(number: int, *persons: str) -> Listed:
    stored = StoredSession(bytes([number]) * 32, b"", 0.0, 0.0, 0.0, b"", b"")
    return Listed(stored, SessionSummary(persons, tuple(f"k{number}" for number, _ in enumerate(persons))))


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("0777000187", "0777000187"), ("0777.000.187", "0777000187"), ("BE0777000187", "0777000187"),
        ("BE 0777.000.187", "0777000187"), ("be0777-000-187", "0777000187"), ("777000187", "0777000187"),
        ("OVO000001", "OVO000001"), ("ovo 1", "OVO000001"), ("EXTERN1", "EXTERN1"),
    ],
)  # fmt: skip
def test_an_organisation_has_one_code(written: str, code: str) -> None:
    assert organisation_code(written) == code


@pytest.mark.parametrize(
    "written",
    ["", "07770001877", "0777000188", "2777000187", "\u0660777000187", "BE07", "een bedrijf!", "BE"],
)
def test_what_is_no_code_ends_the_command(written: str) -> None:
    if written == "BE":
        assert organisation_code(written) == "BE"
        return
    with pytest.raises(typer.Exit) as stopped:
        organisation_code(written)
    assert stopped.value.exit_code == 2


def test_one_person_is_meant_or_nobody() -> None:
    anna, bert = "anna" + "A" * 18, "anne" + "B" * 18
    earlier = Listed(listed(4).stored, SessionSummary(("older",), ("k1",)))
    found = [earlier, listed(2, anna, "older"), listed(3, bert)]
    assert one_person(SessionFilter(person="anna"), found[:2]) == {"k0": anna, "k1": "older"}
    assert one_person(SessionFilter(person=bert), []) == {UNKNOWN: bert}
    assert one_person(SessionFilter(person="bert"), []) == {}
    assert one_person(SessionFilter(subject="x", names=NAMES), found) == NAMES
    with pytest.raises(typer.Exit):
        one_person(SessionFilter(person="ann"), found)


def test_sessions_match_by_any_pseudonym() -> None:
    each = listed(1, "new-name", "old-name")
    assert SessionFilter(person="old").matches(each)
    assert SessionFilter(person="new-name").matches(each)
    assert not SessionFilter(person="name").matches(each)
