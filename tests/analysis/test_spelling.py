"""Characters that nobody typed on purpose, and texts that are fine."""

from __future__ import annotations

import pytest

from gateway.analysis.spelling import spelling_fault


@pytest.mark.parametrize(
    "text", ["", "OVAMGebruiker", "caf\u00e9", "/ncr/{kbo}/**", "a b", "stra\u00dfe", "\u00e9\u00e8\u00ea"]
)
def test_sound_codes(text: str) -> None:
    assert spelling_fault(text, for_people=False) is None


@pytest.mark.parametrize(
    "text",
    [
        "d\u2019Artagnan \u2013 \u201ccitaat\u201d",
        "10\u00a0MB",
        "meer\u00adlettergrepig",
        "l\u2019acc\u00e8s\u202f!",
        " \u2026",
    ],
)
def test_good_typography_is_for_people(text: str) -> None:
    assert spelling_fault(text, for_people=True) is None
    assert spelling_fault(text, for_people=False) is not None


@pytest.mark.parametrize(
    "sign",
    "\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\u202a\u202e\u2066\u2069\u115f\u3164\u2800\ufe0f\u034f\u180e\U000e0041\ue000\u2028",
)
@pytest.mark.parametrize("for_people", [True, False])
def test_nobody_sees_them(sign: str, for_people: bool) -> None:
    fault = spelling_fault(f"Indi{sign}ener", for_people=for_people)
    assert fault is not None
    assert fault[0] == "invisible-character"
    assert f"U+{ord(sign):04X}" in fault[1]
    assert "'Indiener'" in fault[1]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("\u201cx\u201d", "typographic-character"),
        ("\u00abx\u00bb", "typographic-character"),
        ("a\u2011b", "typographic-character"),
        ("a\u2212b", "typographic-character"),
        ("`x`", "typographic-character"),
        ("\u0410BC", "foreign-letter"),
        ("\u0391BC", "foreign-letter"),
        ("\u043e", "foreign-letter"),
        ("\uff21BC", "foreign-letter"),
        ("x ", "outer-space"),
        ("\tx", "outer-space"),
        ("cafe\u0301", "not-composed"),
    ],
)
def test_faults_of_codes(text: str, code: str) -> None:
    fault = spelling_fault(text, for_people=False)
    assert fault is not None
    assert fault[0] == code


def test_one_alphabet_is_fine_for_people() -> None:
    assert spelling_fault("\u0420\u0435\u0433\u0438\u0441\u0442\u0440", for_people=True) is None
    assert spelling_fault("R\u0435gister", for_people=True) is not None
