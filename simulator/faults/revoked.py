"""A right that ends in mid-session: the people as they are, but the rights of the person whom the fault names revoked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from simulator.data.people import People
from simulator.faults.catalogue import RIGHT_REVOKED
from simulator.faults.store import Faults


def without_revoked(people: Callable[[], People], faults: Faults) -> Callable[[], People]:
    """What `people` gives, with the rights that the fault revokes. Nothing is stored: off gives them back."""

    def now() -> People:
        found = people()
        persona = faults.text(RIGHT_REVOKED)
        person = found.people.get(persona or "")
        if person is None:
            return found
        relations = tuple(
            replace(each, rights=tuple(replace(right, revoked=True) for right in each.rights))
            for each in person.works_for
        )
        return replace(found, people={**found.people, person.persona: replace(person, works_for=relations)})

    return now
