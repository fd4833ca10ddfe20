"""Belgian identification numbers and their check digits: national number, BIS number, KBO number, OVO code."""

from __future__ import annotations

import re
from datetime import date


def national_number_fault(number: str) -> str | None:
    """What is wrong with a national or BIS number of 11 digits, in Dutch; None where it is right."""
    if not re.fullmatch(r"\d{11}", number):
        return "Een rijksregisternummer of BIS-nummer telt 11 cijfers."
    if birth_date(number) is None and number[2:6] != "0000" and not _plausible(number):
        return "De geboortedatum in dit nummer bestaat niet."
    if _century(number) is None:
        return "De controlecijfers van dit nummer kloppen niet."
    return None


def national_number_shown(number: str) -> str:
    """A number as people write it: 94.05.17-046.95."""
    return f"{number[:2]}.{number[2:4]}.{number[4:6]}-{number[6:9]}.{number[9:]}"


def _century(number: str) -> int | None:
    first, check = int(number[:9]), int(number[9:])
    if 97 - first % 97 == check:
        return 1900
    if 97 - (2_000_000_000 + first) % 97 == check:
        return 2000
    return None


def _month(number: str) -> int:
    month = int(number[2:4])
    for offset in (40, 20):
        if month >= offset:
            return month - offset
    return month


def _plausible(number: str) -> bool:
    return 0 <= _month(number) <= 12 and int(number[4:6]) <= 31


def birth_date(number: str) -> date | None:
    """The date of birth in a number, where it holds a whole one."""
    century = _century(number)
    if century is None:
        return None
    try:
        return date(century + int(number[:2]), _month(number), int(number[4:6]))
    except ValueError:
        return None


def is_bis(number: str) -> bool:
    """Whether a number is a BIS number: the month is raised by 20 or 40."""
    return int(number[2:4]) >= 20


def sex(number: str) -> str | None:
    """M or V by the serial number; None for a BIS number that does not say."""
    if 20 <= int(number[2:4]) <= 32:
        return None
    return "M" if int(number[6:9]) % 2 else "V"


def kbo_is_valid(number: str) -> bool:
    """Whether this is an enterprise number: 10 digits, beginning with 0 or 1, with the right check digits."""
    return re.fullmatch(r"[01]\d{9}", number) is not None and 97 - int(number[:8]) % 97 == int(number[8:])


def organisation_shown(code: str) -> str:
    """The code of an organisation as people write it: 0456.789.034 for an enterprise, OVO001234 as it is."""
    return f"{code[:4]}.{code[4:7]}.{code[7:]}" if re.fullmatch(r"\d{10}", code) else code


def organisation_is_valid(code: str) -> bool:
    """Whether this is a KBO number or an OVO code."""
    return kbo_is_valid(code) or re.fullmatch(r"OVO\d{6}", code) is not None
