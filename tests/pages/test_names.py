"""Names within sentences: whoever is named turns nothing around."""

from dataclasses import replace

import pytest

from gateway.model import Identity, Organisation
from gateway.pages.names import organisation_name, person_name, within_a_sentence


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


def test_who_has_no_name_is_called_what_the_provider_calls_them(indiener: Identity) -> None:
    assert person_name(indiener) == "Zoë Peeters"
    assert person_name(replace(indiener, given_name=None, family_name=None)) == "f3a1c9"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Zoë Ångström-Maes", "Zoë Ångström-Maes"),
        ("Łukasz \u202env", "Łukasz nv"),
        ("\u202e\u2069nv", "nv"),
        ("محمد", "\u2068محمد\u2069"),
        ("\u2069\u202eמשה nv", "\u2068משה nv\u2069"),
    ],
)
def test_what_stands_around_a_name_is_read_as_ever(name: str, shown: str) -> None:
    assert within_a_sentence(name) == shown


def test_the_number_of_an_organisation_stays_behind_its_name() -> None:
    named = Organisation("0456789034", "شركة \u202e(بلجيكا)")
    assert organisation_name("0456789034", named) == "\u2068شركة (بلجيكا)\u2069 (0456.789.034)"
