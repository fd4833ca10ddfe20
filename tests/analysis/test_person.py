"""Described people as identities."""

from __future__ import annotations

import pytest

from gateway.analysis.person import Person
from gateway.model import Right
from gateway.plugin import UnknownName
from tests.policy.conftest import RIGHTS


def test_rights_by_name_or_in_the_form_of_acm() -> None:
    found = Person(organisation="0456789034", rights=("indiener", "A-B:OVO1", "C:OVO2")).identity(
        RIGHTS, "https://acm"
    )
    assert found.rights == (
        Right("OVAMGebruiker", "Indiener", "0456789034"),
        Right("A", "B", "OVO1"),
        Right("C", None, "OVO2"),
    )
    assert found.issuer == "https://acm"
    assert found.organisation is not None


def test_an_unknown_right_is_refused() -> None:
    with pytest.raises(UnknownName, match="indienr"):
        Person(rights=("indienr",)).identity(RIGHTS, "")
