"""Belgian and Flemish identification numbers: what is wrong with one that cannot exist."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# As ACM sends them in `vo_doelgroepcode`, and what they are.
DOELGROEPEN: Final[Mapping[str, str]] = {
    "GID": "Flemish government",
    "EA": "company or association",
    "LB": "local authority",
    "OV": "education",
    "BUR": "citizen",
    "VER": "de facto association",
}

_OVO: Final = re.compile(r"OVO(?!000000)[0-9]{6}")
# Letters and zeros that people take for one another, and separators.
_LIKE_OVO: Final = re.compile(r"[O0]V[O0][ .:_-]*[0-9O]*", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(?:BE)?[ .]?[0-9][0-9 ./-]*", re.IGNORECASE)
_KBO_DIGITS: Final = 10
# Institution numbers, and NIS codes of municipalities.
_SHORT_DIGITS: Final = 6
_NATIONAL_DIGITS: Final = 11


def organisation_fault(code: str) -> str | None:
    """Why no organisation has this code; None for a KBO number, an OVO code, an institution number or a NIS code.

    A KBO number has ten digits, 0 or 1 first; the last two are 97 less the remainder of the first eight by 97.
    """
    if _OVO.fullmatch(code):
        return None
    if _LIKE_OVO.fullmatch(code):
        return "an OVO code is OVO in capitals and six digits: OVO001234"
    if not _NUMBER.fullmatch(code):
        return "ACM sends a code and no name: a KBO number (0428315871), an OVO code (OVO001234) or an institution number"
    digits = re.sub(r"[^0-9]", "", code)
    if len(digits) <= _SHORT_DIGITS and digits == code:
        return None
    if len(digits) == _NATIONAL_DIGITS:
        return "this has the eleven digits of a person's number: a KBO number has ten"
    if len(digits) == _KBO_DIGITS - 1:
        return f"a KBO number has ten digits: write 0{digits} if the first one, a zero, was lost"
    if len(digits) != _KBO_DIGITS:
        return f"a KBO number has ten digits, not {len(digits)}"
    if digits[0] not in "01":
        return "this is an establishment number (vestigingsnummer): write the KBO number of the enterprise, which begins with 0 or 1"
    if (int(digits[:8]) + int(digits[8:])) % 97:
        return "the check digits of this KBO number are wrong: a digit is mistyped"
    return (
        None
        if digits == code
        else f"ACM sends the ten digits of a KBO number and nothing else: write {digits}"
    )


def national_number_fault(number: str) -> str | None:
    """Why nobody has this national number (rijksregisternummer) or BIS number; None where somebody may have it.

    Eleven digits: birth date, serial number, and 97 less the remainder of those nine by 97, for births from 2000 on
    with a 2 before them. BIS numbers have 20 or 40 added to the month.
    """
    digits = re.sub(r"[ .-]", "", number)
    if not digits.isdecimal() or not digits.isascii() or len(digits) != _NATIONAL_DIGITS:
        return "a national number has eleven digits"
    month, day = int(digits[2:4]) % 20, int(digits[4:6])
    if int(digits[2:4]) > 52 or month > 12 or day > 31:
        return "the birth date in this national number does not exist"
    nine, check = digits[:9], int(digits[9:])
    if check not in (97 - int(nine) % 97, 97 - int(f"2{nine}") % 97):
        return "the check digits of this national number are wrong: a digit is mistyped"
    return (
        None
        if digits == number
        else f"ACM sends the eleven digits of a national number and nothing else: write {digits}"
    )
