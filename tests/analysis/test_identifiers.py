"""Numbers that exist, and each way in which one cannot."""

from __future__ import annotations

import pytest

from gateway.analysis.identifiers import national_number_fault, organisation_fault


@pytest.mark.parametrize(
    "code",
    [
        "0428315871",
        "0643634986",
        "0207509031",
        "0400000185",
        "1000000120",
        "OVO001234",
        "OVO002949",
        "31005",
        "1",
        "123456",
    ],
)
def test_codes_that_an_organisation_may_have(code: str) -> None:
    assert organisation_fault(code) is None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("0456765432", "check digits"),
        ("9999000001", "establishment"),
        ("2123456791", "establishment"),
        ("0428.315.871", "write 0428315871"),
        ("BE0428315871", "write 0428315871"),
        ("be 0428.315.871", "write 0428315871"),
        ("0428 315 871", "nothing else: write 0428315871"),
        ("428315871", "write 0428315871"),
        ("42831587", "not 8"),
        ("042831587123", "not 12"),
        ("85031512369", "person"),
        ("OVO00001", "six digits"),
        ("OVO0012345", "six digits"),
        ("OVO000000", "six digits"),
        ("ovo001234", "six digits"),
        ("0V0001234", "six digits"),
        ("OVO 001234", "six digits"),
        ("OVO-001234", "six digits"),
        ("OVOO01234", "six digits"),
        ("OVAM", "no name"),
        ("Recyclage Demo nv", "no name"),
        ("", "no name"),
        ("\u0660428315871", "no name"),
    ],
)
def test_codes_that_no_organisation_has(code: str, words: str) -> None:
    assert words in (organisation_fault(code) or "")


def test_each_wrong_digit_of_a_kbo_number_is_found() -> None:
    number = "0428315871"
    for place in range(1, 10):
        for digit in "0123456789":
            other = number[:place] + digit + number[place + 1 :]
            assert (organisation_fault(other) is None) is (other == number)


@pytest.mark.parametrize(
    "number",
    ["85031512369", "92070422287", "03021110163", "90450500117", "04280100283"],
)
def test_numbers_that_a_person_may_have(number: str) -> None:
    assert national_number_fault(number) is None


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("85073100145", "check digits"),
        ("85031512368", "check digits"),
        ("90450500118", "check digits"),
        ("85.03.15-123.69", "write 85031512369"),
        ("8503151236", "eleven"),
        ("850315123690", "eleven"),
        ("85131512369", "birth date"),
        ("85034012369", "birth date"),
        ("85601512369", "birth date"),
        ("rrn", "eleven"),
    ],
)
def test_numbers_that_nobody_has(number: str, words: str) -> None:
    assert words in (national_number_fault(number) or "")
