"""Chooses Dutch or English for a reader."""

from __future__ import annotations

from typing import Final

from gateway.model import Language

DEFAULT: Final[Language] = "nl"
_LONGEST: Final = 1_000


def negotiate(accept_language: bytes | None) -> Language:
    """The preferred language of an Accept-Language header (RFC 9110 section 12.5.4); Dutch by default.

    Weights are honoured, a language with weight 0 is not used, and rubbish is skipped.
    """
    if not accept_language:
        return DEFAULT
    weights: dict[str, float] = {}
    for element in accept_language[:_LONGEST].decode("latin-1").lower().split(","):
        tag, *parameters = (part.strip() for part in element.split(";"))
        primary = tag.partition("-")[0]
        weight = _weight(parameters)
        if primary in ("nl", "en", "*") and weight is not None:
            weights[primary] = max(weight, weights.get(primary, 0.0))
    rest = weights.get("*", 0.0)
    dutch, english = weights.get("nl", rest), weights.get("en", rest)
    if dutch == english == 0.0:
        return DEFAULT
    if dutch == english:
        return "en" if _first(accept_language) == "en" else DEFAULT
    return "nl" if dutch > english else "en"


def _weight(parameters: list[str]) -> float | None:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() != "q":
            continue
        value = value.strip()
        digits = value.replace(".", "", 1)
        if not digits or not digits.isascii() or not digits.isdigit() or len(value) > 10:
            return None
        weight = float(value)
        return weight if weight <= 1.0 else None
    return 1.0


def _first(accept_language: bytes) -> str:
    # Equal weights: the one that is named first, and a language before the wildcard.
    for element in accept_language[:_LONGEST].lower().split(b","):
        primary = element.strip().partition(b";")[0].strip().partition(b"-")[0]
        if primary in (b"nl", b"en"):
            return primary.decode("ascii")
    return DEFAULT
