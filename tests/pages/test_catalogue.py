"""The two catalogues hold exactly what the pages say."""

import inspect
import string
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from gateway import errors
from gateway.model import Language
from gateway.pages.catalogue import LANGUAGES, in_language, read_catalogue, spoken_time

FOLDER = Path(errors.__file__).parent / "pages"


def said() -> set[str]:
    found: set[str] = set()
    for template in FOLDER.rglob("*.html"):
        with template.open("rb") as file:
            found.update(each[1] for each in extract("jinja2.ext:babel_extract", file))  # type: ignore[misc]
    for module in FOLDER.glob("*.py"):
        with module.open("rb") as file:
            marked = {"_": None, "message": None}
            found.update(each[1] for each in extract("python", file, keywords=marked))  # type: ignore[misc]
    for _, error in inspect.getmembers(errors, inspect.isclass):
        if issubclass(error, errors.GatewayError):
            found.update((error.title, error.advice))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_translated_and_none_is_unused(language: Language) -> None:
    with (FOLDER / "locale" / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    translated = {str(each.id): str(each.string) for each in catalogue if each.id}
    assert set(translated) == said()
    assert not [msgid for msgid, words in translated.items() if not words]
    assert not [each.id for each in catalogue if each.fuzzy and each.id]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_names_the_same_values(language: Language) -> None:
    values = dict.fromkeys(["advice", "context", "detail", "grantor", "moment", "name"], "x")
    values |= dict.fromkeys(["number", "organisation", "person", "phone", "phone_abroad", "profile"], "x")
    values |= dict.fromkeys(["right", "rule", "count", "minutes", "claims", "reference", "size", "time"], "x")
    gettext = read_catalogue(language).gettext
    for msgid in said():
        names = {name for name in values if f"%({name})s" in msgid}
        words = gettext(msgid)
        assert names == {name for name in values if f"%({name})s" in words}, msgid
        if names:
            assert "%(" not in words % values


def test_dutch_words_are_dutch() -> None:
    gettext = read_catalogue("nl").gettext
    same = [
        msgid for msgid in said() if gettext(msgid) == msgid and len(msgid.strip(string.punctuation)) > 12
    ]
    assert same == []


def test_a_text_in_another_language_beats_no_text() -> None:
    assert in_language({"nl": "a", "en": "b"}, "en") == "b"
    assert in_language({"nl": "a"}, "en") == "a"
    assert in_language({"nl": "", "en": ""}, "en") is None


def test_times_are_those_of_brussels() -> None:
    assert spoken_time(datetime(2026, 11, 24, 7, 0, tzinfo=UTC), "nl") == "24 november 2026, 08:00"
    assert spoken_time(datetime(2026, 11, 24, 8, 0), "en") == "24 November 2026, 08:00"
