"""The ways to prove who one is that ACM offers, with the URNs of its table "authenticatiemiddelen".

It decides which of them a login page shows; it proves nobody's identity: everything here is a simulation.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

_URN = "urn:be:vlaanderen:authmech:"


@dataclass(frozen=True, slots=True)
class Means:
    """One way to log in. `urn` is None where ACM's table has none; `foreign` says who can have it, None for everybody."""

    name: str
    title: str
    hint: str
    urn: str | None
    foreign: bool | None = None


MEANS: Final = (
    Means("eid", "eID en aangesloten kaartlezer", "Met uw Belgische identiteitskaart en pincode", f"{_URN}eid", False),
    Means("itsme", "itsme", "Met de app op uw telefoon", f"{_URN}itsme"),
    Means("totp", "Beveiligingscode via mobiele app", "Gebruikersnaam, wachtwoord en een code uit de app", f"{_URN}csamtotp"),
    Means("sms", "Beveiligingscode via sms", "Gebruikersnaam, wachtwoord en een code per sms", f"{_URN}csamsms"),
    Means("token", "Federaal token", "Gebruikersnaam, wachtwoord en een code van uw kaart", None),
    Means("keys", "Digitale sleutels voor niet-Belgen", "Met een BIS-nummer, geactiveerd bij een registratiekantoor", f"{_URN}csamtotp", True),
    Means("eidas-high", "eIDAS, niveau hoog", "Met een Europees aanmeldmiddel", f"{_URN}eidashigh", True),
    Means("eidas-substantial", "eIDAS, niveau substantieel", "Met een Europees aanmeldmiddel", f"{_URN}eidassubstantial", True),
)  # fmt: skip
URNS: Final = tuple(dict.fromkeys(means.urn for means in MEANS if means.urn is not None))


def offered(allowed: Collection[str], asked: Sequence[str]) -> tuple[Means, ...]:
    """What a client may use, narrowed to what it asked for. Without a URN only where nothing was asked."""
    return tuple(
        means
        for means in MEANS
        if (means.urn in allowed and (not asked or means.urn in asked)) or (means.urn is None and not asked)
    )
