"""Changes: whole or not at all, once for each ticket, only by and for the own organisation, and written down."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from simulator.data.changes import Actor, Changes, Refused
from simulator.data.directory import Directory, file_of
from simulator.data.history import history
from simulator.data.people import Granted, WorkRelation

BEA = Actor("beheerder", "0456789034")
NORA = "94051704695"


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    found = Directory(file_of(tmp_path, "ti"), "ti", lambda: 1_790_000_000.0)
    found.open()
    return found


@pytest.fixture
def changes(directory: Directory) -> Changes:
    return Changes(directory)


def relation(directory: Directory, persona: str = "indiener") -> WorkRelation:
    return directory.people().people[persona].works_for[0]


def right(directory: Directory, persona: str = "indiener") -> Granted:
    return relation(directory, persona).rights[0]


def state(directory: Directory) -> object:
    with directory.reading() as connection:
        return directory.people(), history(connection, BEA.organisation)


Attempt = Callable[[Changes, Directory, Actor], int]
ATTEMPTS: dict[str, Attempt] = {
    "admit": lambda changes, _, who: changes.admit(who, "t", NORA, "Nieuw"),
    "link": lambda changes, directory, who: changes.link(
        who, "t", directory.people().people["indiener"].id,
        replace(relation(directory), begin=directory.today() - timedelta(days=5000), end=directory.today() - timedelta(days=4000)),
    ),
    "relink": lambda changes, directory, who: changes.relink(who, "t", replace(relation(directory), phone="+32 3 111 11 11"), "Nieuw"),
    "grant": lambda changes, directory, who: changes.grant(
        who, "t", relation(directory, "zonder-recht").id,
        Granted("OVAMGebruiker", ("Bodemdossiers",), directory.today(), directory.today(), reason="Werk"),
    ),
    "change": lambda changes, directory, who: changes.change(who, "t", replace(right(directory), contexts=("Bodemdossiers",), reason="Werk")),
    "end": lambda changes, directory, who: changes.end(who, "t", right(directory).id, directory.today(), "Weg"),
    "revoke": lambda changes, directory, who: changes.revoke(who, "t", right(directory).id, "Weg"),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTEMPTS)
def test_each_change_is_made_once_and_written_down(changes: Changes, directory: Directory, name: str) -> None:
    before = directory.people()
    person = ATTEMPTS[name](changes, directory, BEA)
    done = state(directory)
    assert directory.people() != before
    with directory.reading() as connection:
        (entry,), total = history(connection, BEA.organisation)
    assert (total, entry.actor, entry.person_id) == (1, "Bea Hermans", person)
    assert entry.at.timestamp() == 1_790_000_000.0
    assert ATTEMPTS[name](changes, directory, BEA) == person
    assert state(directory) == done
    assert changes.result_of("t") == person
    assert changes.result_of("u") is None


@pytest.mark.parametrize("name", ATTEMPTS)
@pytest.mark.parametrize(
    "who",
    [
        Actor("indiener", "0456789034"),
        Actor("niemand", "0456789034"),
        Actor("beheerder", "0777000187"),
        Actor("beheerder-ti", "0456789034"),
    ],
    ids=lambda who: f"{who.persona}-{who.organisation}",
)
def test_only_administrators_of_the_organisation_change_something(
    changes: Changes, directory: Directory, name: str, who: Actor
) -> None:
    before = state(directory)
    with pytest.raises(Refused, match="geen lokale beheerder"):
        ATTEMPTS[name](changes, directory, who)
    assert state(directory) == before


@pytest.mark.parametrize("name", [name for name in ATTEMPTS if name != "admit"])
def test_what_belongs_to_another_organisation_is_out_of_reach(
    changes: Changes, directory: Directory, name: str
) -> None:
    before = state(directory)
    with pytest.raises(Refused) as refused:
        ATTEMPTS[name](changes, directory, Actor("beheerder-ovam", "OVO999001"))
    assert set(refused.value.faults) & {"", "organisation"}
    assert state(directory) == before


def test_a_refusal_says_what_is_wrong_by_field(changes: Changes, directory: Directory) -> None:
    with pytest.raises(Refused) as refused:
        changes.admit(BEA, "t", "94051704696", "")
    assert set(refused.value.faults) == {"number", "reason"}
    with pytest.raises(Refused) as refused:
        changes.end(BEA, "t", right(directory).id, directory.today() - timedelta(days=1), "")
    assert set(refused.value.faults) == {"end", "reason"}
    assert changes.result_of("t") is None


def test_a_revoked_right_cannot_be_changed(changes: Changes, directory: Directory) -> None:
    granted = right(directory)
    changes.revoke(BEA, "t", granted.id, "Weg")
    for again in (
        lambda: changes.revoke(BEA, "u", granted.id, "Weg"),
        lambda: changes.change(BEA, "u", replace(granted, reason="Toch")),
        lambda: changes.end(BEA, "u", granted.id, directory.today(), "Weg"),
    ):
        with pytest.raises(Refused, match="bestaat niet"):
            again()


def test_people_of_the_same_name_get_personas_of_their_own(changes: Changes, directory: Directory) -> None:
    with directory.changing() as connection:
        connection.execute(
            "UPDATE citizen SET given_name = 'Nora', family_name = 'Janssens' WHERE number = '88491520977'"
        )
        connection.execute(
            "UPDATE citizen SET given_name = 'Åsa Łucja', family_name = 'D''Hondt-Öz' WHERE number = '95432711810'"
        )
    for ticket, number in (("a", NORA), ("b", "88491520977"), ("c", "95432711810")):
        changes.admit(BEA, ticket, number, "Nieuw")
    people = directory.people()
    personas = [
        person.persona
        for number in (NORA, "88491520977", "95432711810")
        if (person := people.by_number(number))
    ]
    assert personas[:2] == ["nora-janssens", "nora-janssens-2"]
    assert personas[2].startswith("asa-")
    assert len({person.sub for person in people.people.values()}) == len(people.people)
    assert all(len(person.sub) == 40 for person in people.people.values())


def test_many_at_the_same_time_make_one(changes: Changes, directory: Directory) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: changes.admit(BEA, "same", NORA, "Nieuw"), range(16)))
    assert len(set(found)) == 1
    assert len([each for each in directory.people().people.values() if each.number == NORA]) == 1
    assert directory.people().by_number(NORA) is not None
