"""From the provider's claims to an Identity, with the names and peculiarities of ACM (its page "scopes en claims").

An element of the role claim reads `Right-Context:OrganisationCode`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from gateway.auth.settings import ClaimSettings, MachineSettings, RightsSettings
from gateway.model import ClaimFault, Identity, Organisation, Right

_LONGEST = 1_024
_MOST_RIGHTS = 2_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def identity_from(
    claims: Mapping[str, Any], names: ClaimSettings, rights: RightsSettings, *, now: float
) -> Identity:
    """The person whom the claims are about; `now` is in seconds since the epoch.

    A claim that cannot be read counts as absent, gives no right, and is named in `faults`.
    """
    reader = _Reader(claims)
    organisation = reader.text(names.organisation)
    organisation_name = reader.text(names.organisation_name)
    return Identity(
        issuer=str(claims["iss"]),
        subject=str(claims["sub"]),
        given_name=reader.text(names.given_name),
        family_name=reader.text(names.family_name),
        email=_without_organisation(reader.text(names.email)),
        phone=_without_organisation(reader.text(names.phone)),
        doelgroep=reader.text(names.doelgroep),
        organisation=Organisation(organisation, organisation_name) if organisation is not None else None,
        rights=tuple(dict.fromkeys(right for claim in rights.claims for right in reader.rights(claim))),
        acr=reader.text("acr"),
        authenticated_at=_authenticated_at(claims.get("auth_time"), now),
        claims={name: claims[name] for name in names.extra if claims.get(name) is not None},
        faults=tuple(reader.faults),
    )


def machine_from(
    claims: Mapping[str, Any], settings: MachineSettings, *, issuer: str, now: float
) -> Identity:
    """The machine client of a token's claims (RFC 7662 2.2, RFC 9068 2.2). Raises ValueError if there is none."""
    if claims.get(settings.person) is not None:
        raise ValueError("a token of a person")
    if claims.get("cnf") is not None:
        # Only the holder of its key may use it (RFC 7800, RFC 8705 3, RFC 9449 6), and nothing here proves that.
        raise ValueError("a token that is bound to a key")
    subject = _text(claims.get("sub")) or _text(claims.get("client_id"))
    if subject is None:
        raise ValueError("a token without a subject")
    scope = claims.get("scope")
    code = _text(claims.get(settings.organisation))
    return Identity(
        issuer=issuer,
        subject=subject,
        kind="machine",
        scopes=tuple(dict.fromkeys(filter(None, scope.split(" ")))) if isinstance(scope, str) else (),
        audiences=_audiences(claims.get("aud")),
        organisation=Organisation(code, _text(claims.get(settings.organisation_name))) if code else None,
        authenticated_at=_authenticated_at(claims.get("iat"), now),
        claims={name: claims[name] for name in settings.extra if claims.get(name) is not None},
    )


def _audiences(claimed: Any) -> tuple[str, ...]:
    """The audiences of a token (RFC 7519 4.1.3): a text or a list of texts."""
    several = claimed if isinstance(claimed, list) else [claimed]
    return tuple(dict.fromkeys(each for each in several if isinstance(each, str)))


def parse_right(element: str) -> tuple[Right, ...]:
    """The rights that one element of the role claim grants; none if it lacks an organisation or a right.

    The organisations follow the last ":", the right precedes the first "-", and the rest is the context. Contexts
    and organisations may be lists with commas. `Right:Organisation` is a right without context.
    """
    role, colon, organisations = element.rpartition(":")
    if not colon:
        return ()
    name, hyphen, contexts = role.partition("-")
    name = name.strip()
    codes = [code.strip() for code in organisations.split(",")]
    values: list[str | None] = [value.strip() for value in contexts.split(",")] if hyphen else [None]
    if not name or not all(codes) or "" in values:
        return ()
    return tuple(Right(name, value, code) for value in values for code in codes)


class _Reader:
    """Reads claims one by one and collects in `faults` those that cannot be read (as keys: once each, in order)."""

    def __init__(self, claims: Mapping[str, Any]) -> None:
        self._claims = claims
        self.faults: dict[ClaimFault, None] = {}

    def text(self, claim: str) -> str | None:
        value = self._claims.get(claim)
        fault = _fault(value)
        if fault is not None:
            self.faults[ClaimFault(claim, fault)] = None
        return _text(value)

    def rights(self, claim: str) -> Iterator[Right]:
        value = self._claims.get(claim)
        elements = [value] if isinstance(value, str) else value
        if not isinstance(elements, list):
            if elements is not None:
                self.faults[ClaimFault(claim, "not-a-list")] = None
            return
        if len(elements) > _MOST_RIGHTS:
            self.faults[ClaimFault(claim, "too-many")] = None
        for element in elements[:_MOST_RIGHTS]:
            text = _text(element)
            found = parse_right(text) if text is not None else ()
            if not found:
                self.faults[ClaimFault(claim, _fault(element) or "not-a-right")] = None
            yield from found


def _fault(value: Any) -> Literal["not-text", "too-long", "control-characters"] | None:
    """Why a value cannot be read as a text; None if it can, or is absent."""
    if value is None:
        return None
    if not isinstance(value, str):
        return "not-text"
    if len(value) > _LONGEST:
        return "too-long"
    return "control-characters" if _CONTROL.search(value) else None


def _text(value: Any) -> str | None:
    if not isinstance(value, str) or _fault(value) is not None:
        return None
    return value.strip() or None


def _without_organisation(value: str | None) -> str | None:
    """ACM may write work e-mail and phone as `value:OrganisationCode`."""
    return (value.partition(":")[0].strip() or None) if value is not None else None


def _authenticated_at(auth_time: Any, now: float) -> float:
    """When the person authenticated, as the provider says; never later than `now`."""
    if isinstance(auth_time, bool) or not isinstance(auth_time, (int, float)) or not 0 <= auth_time <= now:
        return now
    return float(auth_time)
