"""Turns the provider's claims into an Identity: names, shapes and quirks of ACM. It judges nobody.

ACM page "scopes en claims"; the form of the role claim is `Right-Context:OrganisationCode`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import structlog

from gateway.auth.settings import ClaimSettings, MachineSettings, RightsSettings
from gateway.model import Identity, Organisation, Right

log = structlog.get_logger()
_LONGEST = 1_024
_MOST_RIGHTS = 2_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def identity_from(
    claims: Mapping[str, Any], names: ClaimSettings, rights: RightsSettings, *, now: float
) -> Identity:
    """Who the claims are about. A claim of the wrong shape counts as absent; what makes no sense gives no right."""
    organisation = _text(claims.get(names.organisation))
    return Identity(
        issuer=str(claims["iss"]),
        subject=str(claims["sub"]),
        given_name=_text(claims.get(names.given_name)),
        family_name=_text(claims.get(names.family_name)),
        email=_without_organisation(_text(claims.get(names.email))),
        phone=_without_organisation(_text(claims.get(names.phone))),
        doelgroep=_text(claims.get(names.doelgroep)),
        organisation=Organisation(organisation, _text(claims.get(names.organisation_name)))
        if organisation is not None
        else None,
        rights=tuple(dict.fromkeys(_rights(claims, rights))),
        acr=_text(claims.get("acr")),
        authenticated_at=_authenticated_at(claims.get("auth_time"), now),
        claims={name: claims[name] for name in names.extra if claims.get(name) is not None},
    )


def machine_from(
    claims: Mapping[str, Any], settings: MachineSettings, *, issuer: str, now: float
) -> Identity:
    """Which program a token stands for (RFC 7662 2.2, RFC 9068 2.2). Raises ValueError where it stands for none."""
    if claims.get(settings.person) is not None:
        raise ValueError("a token of a person")
    subject = _text(claims.get("sub")) or _text(claims.get("client_id"))
    if subject is None:
        raise ValueError("a token of nobody")
    scope = claims.get("scope")
    code = _text(claims.get(settings.organisation))
    return Identity(
        issuer=issuer,
        subject=subject,
        kind="machine",
        scopes=tuple(dict.fromkeys(scope.split())) if isinstance(scope, str) else (),
        organisation=Organisation(code, _text(claims.get(settings.organisation_name))) if code else None,
        authenticated_at=_authenticated_at(claims.get("iat"), now),
        claims={name: claims[name] for name in settings.extra if claims.get(name) is not None},
    )


def parse_right(element: str) -> tuple[Right, ...]:
    """The rights that one element of the role claim grants; none where it has no organisation or no right.

    The organisations stand behind the last ":", the right before the first "-", the context is the rest; both
    contexts and organisations may be lists with commas. `Right:Organisation` is a right without context.
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


def _rights(claims: Mapping[str, Any], settings: RightsSettings) -> Iterator[Right]:
    skipped = 0
    given = 0
    for claim in settings.claims:
        value = claims.get(claim)
        elements = [value] if isinstance(value, str) else value
        if not isinstance(elements, list):
            skipped += elements is not None
            continue
        skipped += len(elements[_MOST_RIGHTS:])
        for element in elements[:_MOST_RIGHTS]:
            text = _text(element)
            found = parse_right(text) if text is not None else ()
            given += len(found)
            skipped += not found
            yield from found
    if skipped:
        log.warning("the role claim holds elements that are no rights", skipped=skipped, rights=given)


def _text(value: Any) -> str | None:
    if not isinstance(value, str) or len(value) > _LONGEST or _CONTROL.search(value):
        return None
    return value.strip() or None


def _without_organisation(value: str | None) -> str | None:
    """ACM may write work e-mail and phone as `value:OrganisationCode`."""
    return (value.partition(":")[0].strip() or None) if value is not None else None


def _authenticated_at(auth_time: Any, now: float) -> float:
    """When the person proved who they are: as the provider says it, which is never after this login."""
    if isinstance(auth_time, bool) or not isinstance(auth_time, (int, float)) or not 0 <= auth_time <= now:
        return now
    return float(auth_time)
