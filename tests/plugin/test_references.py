"""Option fields that refer to the configuration: named rights and texts with variables of the path."""

from __future__ import annotations

import pytest

from gateway.plugin import Allow, Facts, NamedRight, Policy, RightRef, TemplateRef, Verdict
from gateway.plugin.testing import OptionsRefused, policy

INDIENER = NamedRight("indiener", "Gebruiker", "Indiener")


class Refers(Policy, name="refers"):
    """Refers to both."""

    right: RightRef | None = None
    text: TemplateRef | None = None

    def decide(self, facts: Facts) -> Verdict:
        return Allow()


def test_a_right_is_the_entry_of_that_name() -> None:
    lezer = NamedRight("lezer", "Gebruiker", "Lezer")
    found = policy(Refers, {"right": "lezer"}, rights={"lezer": lezer})
    assert isinstance(found, Refers)
    assert found.right is lezer
    assert found.to_data() == {"refers": {"right": "Gebruiker-Lezer"}}


@pytest.mark.parametrize("name", ["other", 3, ["indiener"]])
def test_an_unknown_right_is_refused(name: object) -> None:
    with pytest.raises(OptionsRefused, match="unknown right"):
        policy(Refers, {"right": name}, rights={"indiener": INDIENER})


@pytest.mark.parametrize(
    ("text", "rendered"),
    [("{a}", "1"), ("x{a}y{b}z", "x1y2z"), ("plain", "plain"), ("a}b", "a}b"), ("", "")],
)
def test_a_template_is_rendered(text: str, rendered: str) -> None:
    found = policy(Refers, {"text": text}, variables=("a", "b"))
    assert isinstance(found, Refers)
    assert found.text is not None
    assert found.text.render({"a": "1", "b": "2"}) == rendered


@pytest.mark.parametrize(
    ("text", "words"),
    [("{c}", "unknown path variable 'c'"), ("{a", "opens a { that it does not close"), (3, "between quotes")],
)
def test_what_is_no_template_is_refused(text: object, words: str) -> None:
    with pytest.raises(OptionsRefused, match=words):
        policy(Refers, {"text": text}, variables=("a",))


def test_a_variable_without_a_value_is_an_error() -> None:
    found = policy(Refers, {"text": "{a}"}, variables=("a",))
    assert isinstance(found, Refers)
    assert found.text is not None
    with pytest.raises(KeyError):
        found.text.render({})
