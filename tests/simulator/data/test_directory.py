"""The directory of an environment: filled from the seed, read as people, never shared between environments."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from simulator.data.directory import Directory, UnusableFile, file_of
from simulator.data.people import Validity
from simulator.data.seed import load_people

DAY = 24 * 3600.0
NOON = 1_790_000_000.0


def directory(folder: Path, environment: str = "ti", now: float = NOON) -> Directory:
    found = Directory(file_of(folder, environment), environment, lambda: now)
    found.open()
    return found


def test_what_is_read_is_what_was_seeded(tmp_path: Path) -> None:
    people = directory(tmp_path).people()
    seed = load_people(today=people.today)
    assert list(people.people) == list(seed.people)
    assert people.rights == seed.rights
    for persona in seed.people:
        organisation = seed.people[persona].works_for[0].organisation.code
        scopes = frozenset(("ovam",))
        assert people.relations(persona)[0].email == seed.relations(persona)[0].email
        assert people.role_claims(persona, organisation, scopes) == seed.role_claims(
            persona, organisation, scopes
        )


def test_constructing_makes_nothing(tmp_path: Path) -> None:
    Directory(tmp_path / "some.db", "ti")
    assert not list(tmp_path.iterdir())


def test_an_open_directory_keeps_its_days(tmp_path: Path) -> None:
    first = directory(tmp_path).people()
    later = directory(tmp_path, now=NOON + 400 * DAY).people()
    assert later.today == first.today + timedelta(days=400)
    ends = [people.people["indiener"].works_for[0].rights[0].end for people in (first, later)]
    assert ends[0] == ends[1]
    relation = later.people["indiener"].works_for[0]
    assert relation.right_validity(relation.rights[0], later.today) is Validity.ENDED


def test_environments_never_share_a_file(tmp_path: Path) -> None:
    directory(tmp_path)
    directory(tmp_path, "prd")
    assert len({file_of(tmp_path, name) for name in ("ti", "prd")}) == 2
    with pytest.raises(UnusableFile, match="belongs to ti, not to prd"):
        Directory(file_of(tmp_path, "ti"), "prd").open()


def test_an_administrator_in_one_environment_is_none_in_the_other(tmp_path: Path) -> None:
    ti, prd = directory(tmp_path).people(), directory(tmp_path, "prd").people()
    assert [each.persona for each in ti.administrators("0777000187")] == ["beheerder-ti"]
    assert prd.administrators("0777000187") == ()
    assert [each.persona for each in prd.administrators("0456789034")] == ["beheerder"]


def test_the_national_register_knows_more_people_than_are_added(tmp_path: Path) -> None:
    found = directory(tmp_path)
    nora = found.citizen("94051704695")
    assert nora is not None
    assert (nora.given_name, nora.sex, str(nora.birth_date)) == ("Nora", "V", "1994-05-17")
    assert found.people().by_number(nora.number) is None
    mila = found.citizen("93260406411")
    assert mila is not None
    assert mila.sex is None
    assert found.citizen("00000000097") is None


def test_a_failed_change_leaves_nothing(tmp_path: Path) -> None:
    found = directory(tmp_path)
    with pytest.raises(RuntimeError, match="half way"), found.changing() as connection:
        connection.execute("UPDATE work_relation SET end_on = '2000-01-01'")
        raise RuntimeError("half way")
    assert found.people().relations("indiener")


def test_a_file_that_cannot_be_used_says_what_to_do(tmp_path: Path) -> None:
    found = directory(tmp_path)
    with found.changing() as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(UnusableFile, match="another version of the simulator: begin anew with"):
        found.open()
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"no database at all " * 100)
    with pytest.raises(UnusableFile, match="cannot be read"):
        Directory(garbage, "ti").open()


def test_who_left_administers_nothing(tmp_path: Path) -> None:
    found = directory(tmp_path)
    people = found.people()
    assert people.administers(people.people["beheerder"], "0456789034")
    with found.changing() as connection:
        connection.execute(
            "UPDATE work_relation SET end_on = '2001-01-01' WHERE person = ?",
            (people.people["beheerder"].id,),
        )
    people = found.people()
    assert not people.administers(people.people["beheerder"], "0456789034")
    assert people.administrators("0456789034") == ()
