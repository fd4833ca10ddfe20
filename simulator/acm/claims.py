"""The claims of a person, only for the scopes that were granted (ACM page "scopes en claims"), and faults in them."""

from __future__ import annotations

from typing import Any

from simulator.acm.capacities import DOELGROEPEN, Chosen
from simulator.data.people import People, WorkRelation
from simulator.faults import Faults
from simulator.faults.catalogue import (
    EMAIL_WITH_ORGANISATION,
    ORGANISATION_MISSING,
    ROLE_AS_TEXT,
    ROLE_NAME_ODD,
)


def claims_of(people: People, chosen: Chosen, scope: str) -> dict[str, Any]:
    """What an ID token and userinfo say about somebody. No claim is empty: what is not there, is left out."""
    person = people.people[chosen.persona]
    scopes = frozenset(scope.split())
    claims: dict[str, Any] = {"sub": person.sub}
    if "profile" in scopes:
        claims |= {"given_name": person.given_name, "family_name": person.family_name}
    if "rrn" in scopes:
        claims["rrn"] = person.number
    relations = _relations(people, chosen)
    if "vo" in scopes:
        claims |= {
            "vo_id": person.vo_id,
            "vo_doelgroepcode": chosen.doelgroep,
            "vo_doelgroepnaam": DOELGROEPEN[chosen.doelgroep],
        }
        if relations:
            claims["vo_email"] = relations[0].email
        if relations and chosen.organisation is not None:
            claims |= {
                "vo_orgcode": relations[0].organisation.code,
                "vo_orgnaam": relations[0].organisation.name,
            }
    if relations and "phone" in scopes:
        claims["phone_number"] = relations[0].phone
    return claims | _roles(people, chosen, relations, scopes)


def bent(claims: dict[str, Any], people: People, chosen: Chosen, faults: Faults) -> dict[str, Any]:
    """The claims with the faults of claims that are on."""
    bent = dict(claims)
    roles = {kind.claim for kind in people.rights.values()} & set(bent)
    for name in roles:
        if faults.is_on(ROLE_AS_TEXT):
            bent[name] = bent[name][0]
        if faults.is_on(ROLE_NAME_ODD):
            bent[name.replace("_rol_", " _rol_")] = bent.pop(name)
    if faults.is_on(EMAIL_WITH_ORGANISATION) and "vo_email" in bent:
        organisation = _relations(people, chosen)[0].organisation.code
        bent["vo_email"] = f"{bent['vo_email']}:{organisation}"
    if faults.is_on(ORGANISATION_MISSING):
        bent.pop("vo_orgcode", None)
        bent.pop("vo_orgnaam", None)
    return bent


def _relations(people: People, chosen: Chosen) -> tuple[WorkRelation, ...]:
    """The work relations that somebody acts in; for a whole doelgroep those of all its organisations."""
    return tuple(
        each
        for each in people.relations(chosen.persona)
        if each.organisation.doelgroep == chosen.doelgroep
        and chosen.organisation in (None, each.organisation.code)
    )


def _roles(
    people: People, chosen: Chosen, relations: tuple[WorkRelation, ...], scopes: frozenset[str]
) -> dict[str, list[str]]:
    """The 3D role claims by name. Organisations with the same role stand together, with commas (page "doelgroepen")."""
    found: dict[str, dict[str, list[str]]] = {}
    for relation in relations:
        code = relation.organisation.code
        for claim, elements in people.role_claims(chosen.persona, code, scopes).items():
            for element in elements:
                role, _, organisation = element.rpartition(":")
                found.setdefault(claim, {}).setdefault(role, []).append(organisation)
    return {
        claim: [f"{role}:{', '.join(dict.fromkeys(codes))}" for role, codes in roles.items()]
        for claim, roles in found.items()
    }
