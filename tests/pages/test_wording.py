"""What is missing, in words: the order of the ways out, and names that people know."""

from __future__ import annotations

import pytest

from gateway.model import ClaimFault, Identity, Missing, Organisation
from gateway.pages.wording import order, organisation_name, unread_claims, unread_claims_data


def test_what_a_person_can_do_comes_first_and_the_least_of_it() -> None:
    grant, login, nothing = Missing("right", "grant"), Missing("login", "login"), Missing("claim", "none")
    ways = ((nothing,), (grant, login), (grant,), (login,), (login, grant))
    assert order(ways) == ((login,), (grant,), (login, grant), (nothing,))


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("0456789034", "Peeters nv (0456.789.034)"),
        ("0428315871", "0428.315.871"),
        ("OVO001", "OVO001"),
        ("OVO001, 0428315871", "OVO001, 0428.315.871"),
    ],
)
def test_organisations(code: str, shown: str) -> None:
    assert organisation_name(code, Organisation("0456789034", "Peeters nv")) == shown


def test_claims_that_could_not_be_read_are_named_once() -> None:
    faults = (ClaimFault("rol", "not-a-right"), ClaimFault("rol", "too-long"))
    who = Identity("op", "s", faults=faults)
    assert unread_claims(who) == "rol"
    assert [each["claim"] for each in unread_claims_data(who)] == ["rol", "rol"]
    assert (unread_claims(None), unread_claims_data(None)) == ("", [])
