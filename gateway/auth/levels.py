"""The level of each authentication method of ACM, by the URN in `acr` (ACM page "authenticatiemiddelen")."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_ACM = "urn:be:vlaanderen:authmech:"

# ACM's own scale. eIDAS "substantial" begins at 25, "high" at 27.
LEVELS: Mapping[str, int] = MappingProxyType(
    {
        f"{_ACM}eid": 35,
        f"{_ACM}eidashigh": 35,
        f"{_ACM}itsme": 27,
        f"{_ACM}csamtotp": 26,
        f"{_ACM}csamsms": 25,
        f"{_ACM}eidassubstantial": 25,
        f"{_ACM}tlsclient": 19,
        f"{_ACM}kerberos": 12,
        f"{_ACM}password": 10,
        f"{_ACM}csampassword": 5,
        f"{_ACM}csamselfreg": 5,
    }
)


def at_least(level: int, levels: Mapping[str, int] = LEVELS) -> tuple[str, ...]:
    """The authentication methods of at least this level, strongest first: the value of `acr_values`."""
    enough = [(found, urn) for urn, found in levels.items() if found >= level]
    return tuple(urn for _, urn in sorted(enough, key=lambda pair: (-pair[0], pair[1])))
