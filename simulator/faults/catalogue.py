"""The faults that can be switched on, with the Dutch words for them. The system that has a fault implements it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Setting:
    """What can be set about a fault: a number of seconds up to `most`, or a text where `most` is None."""

    label: str
    default: str
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that can go wrong. `name` is for the command line, `system` says whose fault it is."""

    name: str
    system: str
    title: str
    effect: str
    setting: Setting | None = None


_ACM, _REGISTER = "ACM", "Register"

TOKEN_SLOW: Final = Fault(
    "token-slow",
    _ACM,
    "Het token-adres is traag",
    "ACM wacht voor het een code of een token inruilt.",
    Setting("Seconden", "10", most=300),
)
TOKEN_FAILS: Final = Fault(
    "token-fails", _ACM, "Het token-adres faalt", "ACM antwoordt met 500 wanneer een code wordt ingeruild."
)
DISCOVERY_DOWN: Final = Fault(
    "discovery-down",
    _ACM,
    "De beschrijving van ACM is onbereikbaar",
    "/.well-known/openid-configuration antwoordt met 503.",
)
KEYS_DOWN: Final = Fault(
    "keys-down", _ACM, "De sleutels van ACM zijn onbereikbaar", "/op/v1/keys antwoordt met 503."
)
UNKNOWN_KID: Final = Fault(
    "unknown-kid",
    _ACM,
    "Ondertekend met een onbekende sleutel",
    "ID-tokens zijn ondertekend met een sleutel die ACM niet bekendmaakt.",
)
KEYS_ROTATED: Final = Fault(
    "keys-rotated",
    _ACM,
    "De sleutels zijn plots vervangen",
    "ACM tekent met een nieuwe sleutel en maakt de oude niet meer bekend.",
)
CLOCK_AHEAD: Final = Fault(
    "clock-ahead",
    _ACM,
    "De klok van ACM loopt voor",
    "De tijden in ID-tokens liggen in de toekomst.",
    Setting("Seconden", "600", most=86_400),
)
CLOCK_BEHIND: Final = Fault(
    "clock-behind",
    _ACM,
    "De klok van ACM loopt achter",
    "De tijden in ID-tokens liggen in het verleden.",
    Setting("Seconden", "7200", most=86_400),
)
ROLE_AS_TEXT: Final = Fault(
    "role-as-text",
    _ACM,
    "De rechten zijn een tekst in plaats van een lijst",
    "Een claim met rechten is één tekst; van meer rechten komt alleen het eerste mee.",
)
ROLE_NAME_ODD: Final = Fault(
    "role-name-odd",
    _ACM,
    "De claim met rechten heet anders",
    "Er staat een spatie in de naam van de claim met rechten, zoals ooit bij een echte toepassing.",
)
EMAIL_WITH_ORGANISATION: Final = Fault(
    "email-with-organisation",
    _ACM,
    "Het e-mailadres draagt de organisatie",
    "vo_email heeft de vorm adres:organisatiecode.",
)
AUDIENCE_AS_LIST: Final = Fault(
    "audience-as-list", _ACM, "aud is een lijst", "De claim aud is een lijst met één toepassing."
)
ORGANISATION_MISSING: Final = Fault(
    "organisation-missing",
    _ACM,
    "De organisatie ontbreekt",
    "vo_orgcode en vo_orgnaam ontbreken, ook al is er een organisatie gekozen.",
)
ACCESS_DENIED: Final = Fault(
    "access-denied",
    _ACM,
    "ACM laat niemand door",
    "Na het kiezen van een persoon stuurt ACM terug met error=access_denied.",
)
RIGHT_REVOKED: Final = Fault(
    "right-revoked",
    _ACM,
    "De rechten van een persoon zijn ingetrokken",
    "ACM vertelt van deze persoon geen rechten meer, ook wie al aangemeld is. In Gebruikersbeheer verandert niets.",
    Setting("Persoon", "indiener"),
)
REGISTER_DOWN: Final = Fault(
    "register-down", _REGISTER, "Het register is onbereikbaar", "Het register verbreekt elke verbinding."
)
REGISTER_SLOW: Final = Fault(
    "register-slow",
    _REGISTER,
    "Het register is traag",
    "Het register wacht voor het antwoordt.",
    Setting("Seconden", "60", most=300),
)
REGISTER_CUT: Final = Fault(
    "register-cut",
    _REGISTER,
    "Het register breekt af",
    "Het register verbreekt de verbinding halverwege het antwoord.",
)

FAULTS: Final = (
    TOKEN_SLOW, TOKEN_FAILS, DISCOVERY_DOWN, KEYS_DOWN, UNKNOWN_KID, KEYS_ROTATED, CLOCK_AHEAD, CLOCK_BEHIND,
    ROLE_AS_TEXT, ROLE_NAME_ODD, EMAIL_WITH_ORGANISATION, AUDIENCE_AS_LIST, ORGANISATION_MISSING, ACCESS_DENIED,
    RIGHT_REVOKED, REGISTER_DOWN, REGISTER_SLOW, REGISTER_CUT,
)  # fmt: skip
