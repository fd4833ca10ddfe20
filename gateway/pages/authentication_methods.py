"""What people call the authentication methods of ACM."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from babel.lists import format_list

from gateway.model import Language
from gateway.pages.catalogue import message

# By the last part of the URN in `acr`.
_NAMES: Final[Mapping[str, str]] = {
    "eid": "eID",
    "itsme": "itsme",
    "eidashigh": message("a foreign electronic identity card"),
    "eidassubstantial": message("a foreign electronic identity"),
    "csamtotp": message("a code of a mobile app"),
    "csamsms": message("a code by text message"),
}


def method_names(acr_values: Sequence[str], _: Callable[[str], str], language: Language) -> str:
    """The methods with these URNs, of which one is enough: "eID of itsme"."""
    short = (urn.rpartition(":")[2] for urn in acr_values)
    return format_list(list(dict.fromkeys(_name(each, _) for each in short)), style="or", locale=language)


def _name(short: str, _: Callable[[str], str]) -> str:
    name = _NAMES.get(short)
    return _(name) if name is not None else short
