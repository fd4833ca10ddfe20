"""The shipped catalogues hold exactly what the pages say, and an operator can add others."""

import inspect
import re
import string
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from gateway import errors
from gateway.model import Language
from gateway.pages.catalogue import catalogue_faults, catalogues, in_language, own_name, read_catalogue

FOLDER = Path(errors.__file__).parent / "pages"
LANGUAGES = ("nl", "en", "fr", "de")


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
    gettext = read_catalogue(language).gettext
    for msgid in said():
        values, words = re.findall(r"%\((\w+)\)s", msgid), gettext(msgid)
        assert sorted(values) == sorted(re.findall(r"%\((\w+)\)s", words)), msgid
        if values:
            assert "%(" not in words % dict.fromkeys(values, "x")


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_no_words_are_left_in_english(language: Language) -> None:
    gettext = read_catalogue(language).gettext
    same = [
        msgid for msgid in said() if gettext(msgid) == msgid and len(msgid.strip(string.punctuation)) > 12
    ]
    assert same == []


def test_a_text_in_another_language_beats_no_text() -> None:
    assert in_language({"nl": "a", "en": "b"}, "en") == "b"
    assert in_language({"nl": "a"}, "en") == "a"
    assert in_language({"nl": "", "en": ""}, "en") is None


def test_the_shipped_languages_call_themselves_by_name() -> None:
    assert sorted(catalogues()) == sorted(LANGUAGES)
    assert [own_name(each) for each in LANGUAGES] == ["Nederlands", "English", "Français", "Deutsch"]


HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


def test_a_catalogue_of_an_operators_own(tmp_path: Path) -> None:
    file = tmp_path / "es.po"
    file.write_text(HEAD + 'msgid "Log in"\nmsgstr "Iniciar sesión"\n', "utf-8")
    assert catalogues(tmp_path)["es"] == file
    assert catalogues(tmp_path)["nl"].parent == FOLDER / "locale"
    gettext = read_catalogue("es", file).gettext
    assert gettext("Log in") == "Iniciar sesión"
    assert gettext("Log out") == "Log out"
    assert list(catalogue_faults("es", file)) == []


@pytest.mark.parametrize(
    ("name", "text", "line", "words"),
    [
        (
            "es.po",
            HEAD + 'msgid "Call %(phone)s."\nmsgstr "Llame %(fono)s."\n',
            4,
            "names a value that the message",
        ),
        (
            "es.po",
            HEAD + 'msgid "Call %(phone)s."\nmsgstr "100 % %(phone)s"\n',
            4,
            "write a percent sign as %%",
        ),
        ("es.po", HEAD + "Iniciar\n", 4, "this line does not belong in a catalogue"),
        ("qq.po", HEAD, 1, "not a language that has names of days and months"),
        ("absent.po", None, 1, "No such file"),
    ],
)
def test_a_fault_in_a_catalogue_has_its_line(
    tmp_path: Path, name: str, text: str | None, line: int, words: str
) -> None:
    file = tmp_path / name
    if text is not None:
        file.write_text(text, "latin-1")
    ((found, said_),) = catalogue_faults(file.stem if len(file.stem) == 2 else "es", file)
    assert found == line
    assert words in said_
