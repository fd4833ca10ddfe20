"""In which capacities somebody can log in at a client: for a doelgroep, and there for an organisation.

ACM pages "doelgroepen" and "gericht aanmelden". It decides what there is to choose, not what is chosen.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulator.acm.clients import Client
from simulator.data.people import Organisation, People

CITIZEN: Final = "BUR"
DOELGROEPEN: Final = {
    "GID": "VO-medewerkers",
    "LB": "Lokale Besturen",
    "OV": "Onderwijs- en vormingsinstellingen",
    "EA": "Economische Actoren",
    CITIZEN: "Burgers",
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who somebody chose to be. `organisation` is None for citizens and where a client is opened for a whole doelgroep."""

    persona: str
    doelgroep: str
    organisation: str | None = None


@dataclass(frozen=True, slots=True)
class Capacity:
    """One possibility to choose from."""

    doelgroep: str
    organisation: Organisation | None = None

    @property
    def code(self) -> str | None:
        return self.organisation.code if self.organisation is not None else None


def capacities(people: People, persona: str, client: Client) -> tuple[Capacity, ...]:
    """All capacities of a person that this client is open for; those without the right it asks for do not count."""
    relations = [
        each for each in people.relations(persona) if each.organisation.doelgroep in client.doelgroepen
    ]
    if client.only_with_right is not None:
        relations = [
            each
            for each in relations
            if any(
                right.code == client.only_with_right and right.valid_on(people.today) for right in each.rights
            )
        ]
    found = [
        Capacity(each.organisation.doelgroep, each.organisation if client.level == "organisation" else None)
        for each in relations
    ]
    if CITIZEN in client.doelgroepen and client.only_with_right is None:
        found.append(Capacity(CITIZEN))
    return tuple(dict.fromkeys(found))


def narrowed(found: Sequence[Capacity], hint: str | None) -> tuple[Capacity, ...]:
    """The capacities that `login_hint` asks for; all of them where it asks for none that there is, or cannot be read."""
    wanted = _read(hint)
    doelgroep, code = wanted.get("cap_hint"), wanted.get("code_hint")
    fitting = [
        each
        for each in found
        if (doelgroep is None or each.doelgroep == doelgroep) and (code is None or each.code == code)
    ]
    return tuple(fitting or found)


def _read(hint: str | None) -> dict[str, object]:
    """ACM documents base64; base64url is what URLs usually carry, and padding often gets lost."""
    text = (hint or "").replace("-", "+").replace("_", "/").replace(" ", "+").rstrip("=")
    try:
        found = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
