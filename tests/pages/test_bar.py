"""The script of the session bar holds all words, and nothing of anybody."""

from __future__ import annotations

import json

from gateway.pages.bar import BarScript
from gateway.pages.render import Pages
from gateway.pages.settings import SessionBarSettings, SupportSettings

LANGUAGES = ("nl", "en")


def script(environment: str = "ti", support: SupportSettings | None = None, warn: float = 300.0) -> BarScript:
    return BarScript(Pages(support or SupportSettings(), environment), SessionBarSettings(warn=warn))


def settings_of(found: BarScript) -> dict[str, object]:
    text = found.content.decode()
    begin = text.rindex("\n)({") + len("\n)(")
    settings: dict[str, object] = json.loads(text[begin:].removesuffix(");\n"))
    return settings


def test_every_language_has_every_word() -> None:
    found = settings_of(script())
    words = found["words"]
    assert isinstance(words, dict)
    assert set(words) == set(LANGUAGES)
    assert len({frozenset(each) for each in words.values()}) == 1
    assert words["nl"]["stay"] == "Blijf aangemeld"


def test_the_mark_says_which_environment() -> None:
    assert settings_of(script())["mark"] == dict.fromkeys(LANGUAGES, "T&I")
    assert settings_of(script("prd"))["mark"] == dict.fromkeys(LANGUAGES)
    label = SupportSettings(environment_label={"nl": "Oefening </script>", "en": "Exercise"})
    mark = settings_of(script(support=label))["mark"]
    assert isinstance(mark, dict)
    assert (mark["nl"], mark["en"]) == ("Oefening </script>", "Exercise")


def test_its_tag_changes_with_what_it_says() -> None:
    assert script().etag == script().etag
    assert len({script().etag, script("prd").etag, script(warn=600.0).etag}) == 3
