"""Wrong configurations and the words that an operator gets: each file is a configuration, a line of dashes, the words."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from gateway.config import ConfigError, load, positions
from gateway.config.messages import message_for
from gateway.policy.settings import Accepted
from tests.gateways import PLUGINS

CASES = sorted((Path(__file__).parent.parent / "cases" / "config").glob("*.txt"))


def told(folder: Path, text: str) -> str:
    path = folder / "config.yaml"
    path.write_text(text.replace("PLUGINS", PLUGINS))
    with pytest.raises(ConfigError) as refused:
        load(path)
    return (
        str(refused.value)
        .replace(str(folder), "")
        .replace("/config.yaml", "config.yaml")
        .replace(PLUGINS, "PLUGINS")
    )


@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_every_problem_is_told_with_its_place(tmp_path: Path, case: Path) -> None:
    text, _, expected = case.read_text("utf-8").partition("\n----\n")
    assert told(tmp_path, text + "\n") == expected.rstrip("\n")


def test_there_are_cases() -> None:
    assert len(CASES) >= 8


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read it: No such file"):
        load(tmp_path / "nothing.yaml")


def test_nothing_is_a_problem_of_its_own(tmp_path: Path) -> None:
    assert "the file is empty" in told(tmp_path, "# nothing\n")
    assert "the file must have keys" in told(tmp_path, "- 1\n")


def test_a_bomb_does_not_explode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(positions, "_MOST_NODES", 10_000)
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    for here, there in zip("bcdefgh", "abcdefg", strict=True):
        lines.append(f"{here}: &{here} [" + ",".join([f"*{there}"] * 9) + "]")
    assert "too large once its aliases are expanded" in told(tmp_path, "\n".join(lines))
    assert "nested deeper than" in told(tmp_path, "a: " + "[" * 200 + "]" * 200)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("no", "no"), ("010", "010"), ("1:30", "1:30"), ("0428315871", "0428315871"), ("on", "on")],
)
def test_no_surprises_of_yaml_1_1(written: str, meant: str) -> None:
    from gateway.config.positions import read_yaml

    assert read_yaml(f"a: {written}\n", "x")[0] == {"a": meant}


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('"1"', "'1' is a text: write 1 without quotes"),
        ("true", "a whole number is expected here, not true"),
        ("1.0", "a whole number is expected here, not 1.0"),
        ("2", "2 is not one of: 1"),
    ],
)
def test_a_version_is_written_as_a_number(tmp_path: Path, written: str, words: str) -> None:
    assert f"config.yaml:1:10: {words}" in told(tmp_path, f"version: {written}\n").splitlines()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("opened-to-anyon", "'opened-to-anyon' is unknown; did you mean 'opened-to-anyone'?"),
        ("nothing-like-it", "'nothing-like-it' is not one of: 'other-host', 'public-inside', "),
    ],
)
def test_of_very_many_words_the_nearest_is_named(given: str, words: str) -> None:
    class Known(BaseModel):
        accept: Accepted

    with pytest.raises(ValidationError) as refused:
        Known.model_validate({"accept": given})
    assert message_for(refused.value.errors()[0]).startswith(words)
