"""The seed: what a new simulation begins with, and mistakes in it that stop the start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.data.seed import SEED, load_national_register, load_people
from simulator.numbers import is_bis, national_number_fault


def written(tmp_path: Path, name: str, *path: Any, value: Any) -> Path:
    """A seed file with another value at this path."""
    content = yaml.safe_load((SEED / name).read_text("utf-8"))
    at = content
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    file = tmp_path / name
    file.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return file


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("organisations", 0, "code"), "0456789035", "wrong check digits"),
        (("people", 0, "number"), "85031512369x", "11 cijfers"),
        (("people", 0, "number"), "85031512467", "controlecijfers"),
        (("people", 6, "administrator_of"), {"ti": ["0999999999"]}, "unknown organisation"),
        (("people", 0, "works_for", 0, "rights", 0, "contexts"), ["Onbekend"], "unknown contexts"),
    ],
)
def test_mistakes_among_the_people(tmp_path: Path, path: tuple[Any, ...], value: Any, words: str) -> None:
    file = written(tmp_path, "people.yaml", *path, value=value)
    with pytest.raises(ValueError, match=words):
        load_people(file)


@pytest.mark.parametrize(
    ("number", "words"), [("94051704696", "controlecijfers"), ("85031512468", "stands there twice")]
)
def test_mistakes_in_the_national_register(tmp_path: Path, number: str, words: str) -> None:
    file = written(tmp_path, "national_register.yaml", "citizens", 0, "number", value=number)
    with pytest.raises(ValueError, match=words):
        load_national_register(load_people(), file)


def test_the_national_register_has_everybody() -> None:
    people = load_people()
    citizens = load_national_register(people)
    assert {each.number for each in people.people.values()} < {each.number for each in citizens}
    assert all(national_number_fault(each.number) is None for each in citizens)
    assert any(is_bis(each.number) for each in citizens if people.by_number(each.number) is None)
    assert all(each.birth_date is not None for each in citizens)
