"""What the configuration says about the gateway's own pages is checked before it goes live."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config import ConfigError, load
from tests.gateways import settings, write_config

CATALOGUE = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


def configured(folder: Path, support: dict[str, Any] | None = None, **document: Any) -> Path:
    environment = settings(
        folder,
        name="ti",
        gateway_url="http://localhost:8000",
        acm_url="http://localhost:8001",
        upstream_url="http://localhost:8002",
        support=support or {},
    )
    path = write_config(folder, {"ti": environment})
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **document}, sort_keys=False))
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load(path)
    assert all(problem.line > 0 for problem in refused.value.problems)
    return [f"{Path(each.file).name}:{each.line} {each.message}" for each in refused.value.problems]


def test_languages_that_have_words(tmp_path: Path) -> None:
    assert load(configured(tmp_path)).languages == ("nl", "en")
    assert load(configured(tmp_path, languages=["de", "nl"])).languages == ("de", "nl")
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "es.po").write_text(CATALOGUE + 'msgid "Log in"\nmsgstr "Iniciar sesión"\n')
    own = {"translations": "words"}
    assert load(configured(tmp_path, languages=["nl", "es"], pages=own)).pages.translations is not None
    label = {"nl": "Register", "es": "Registro"}
    assert load(configured(tmp_path, {"service": label}, languages=["nl", "es"], pages=own))


@pytest.mark.parametrize(
    ("support", "document", "words"),
    [
        ({}, {"languages": ["nl", "es"]}, "the pages have no words in 'es', only in de, en, fr, nl"),
        ({}, {"languages": ["nl", "nl"]}, "a language is named twice"),
        ({}, {"languages": []}, "may not be empty"),
        ({}, {"languages": ["nl-BE"]}, "does not have the right form"),
        ({}, {"pages": {"translations": "nowhere"}}, "cannot read the folder"),
        ({}, {"pages": {"templates": "nowhere"}}, "there is no folder"),
        ({"service": {"en": "Register"}}, {}, "write this in Dutch at least"),
        ({"service": {"nl": "Register", "ne": "Register"}}, {}, "the pages have no words in 'ne'"),
        ({"logo": "logo.svg"}, {}, "No such file"),
        ({"accent": "red"}, {}, "does not have the right form"),
        ({"accent": "#333333"}, {}, "choose a lighter colour"),
    ],
)
def test_what_pages_cannot_use(
    tmp_path: Path, support: dict[str, Any], document: dict[str, Any], words: str
) -> None:
    found = problems(configured(tmp_path, support, **document))
    assert any(words in each for each in found), found


def test_a_label_in_an_unknown_language_has_its_line(tmp_path: Path) -> None:
    path = configured(tmp_path)
    document = yaml.safe_load(path.read_text())
    document["rules"][0]["label"] = {"nl": "a", "xx": "b"}
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    (found,) = problems(path)
    assert "no words in 'xx'" in found
    assert path.read_text().splitlines()[int(found.split(":")[1].split()[0]) - 1].strip() == "xx: b"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("error.html", '{% extends "layout.html" %}\n{% block content %}\n{{ oops( }}\n', "error.html:3 this is not a valid"),
        ("error.html", '<h1>{{ title }}</h1>\n<p>{{ nobody }}</p>\n', "error.html:2 a page cannot be made"),
        ("error.html", "a\n{{ 1 / 0 }}\n", "error.html:2 a page cannot be made"),
        ("error.html", '{% include "gone.html" %}\n', "error.html:1 a page cannot be made"),
        ("needs.html", "nothing\n", "a page cannot be made"),
        ("style.css", "</style>", "would end the style"),
    ],
)  # fmt: skip
def test_a_broken_template_never_goes_live(tmp_path: Path, name: str, content: str, words: str) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / name).write_text(content)
    found = problems(configured(tmp_path, pages={"templates": "pages"}))
    assert any(words in each for each in found), found


def test_a_template_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "error.html").write_bytes("<h1>{{ title }}</h1>\n<p>Café</p>\n".encode("latin-1"))
    found = problems(configured(tmp_path, pages={"templates": "pages"}))
    assert found == ["error.html:2 this is not a valid template: it is not written in UTF-8"]


def test_what_an_editor_leaves_beside_a_template_or_a_catalogue_does_not_count(tmp_path: Path) -> None:
    for folder, name in (("pages", "error.html"), ("words", "es.po")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f".#{name}").symlink_to("somebody@machine.4711:1700000000")
    assert load(configured(tmp_path, pages={"templates": "pages", "translations": "words"}))


def test_a_pipe_in_the_place_of_a_catalogue_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    os.mkfifo(tmp_path / "words" / "es.po")
    found = problems(configured(tmp_path, languages=["nl", "es"], pages={"translations": "words"}))
    assert found == [f"es.po:1 [Errno 22] it is not a file: '{tmp_path / 'words' / 'es.po'}'"]


def test_a_template_of_ones_own_can_extend_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    own = '{% extends "shipped/error.html" %}\n{% block content %}<p>Eigen</p>{{ super() }}{% endblock %}\n'
    (tmp_path / "pages" / "error.html").write_text(own)
    (tmp_path / "pages" / "notes.txt").write_text("{% not a template")
    assert load(configured(tmp_path, languages=["nl", "fr"], pages={"templates": "pages"}))


def test_a_catalogue_with_a_fault_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "fr.po").write_text(CATALOGUE + "hello\n")
    found = problems(configured(tmp_path, languages=["nl", "fr"], pages={"translations": "words"}))
    assert found == ["fr.po:4 this line does not belong in a catalogue of gettext"]
    # A language that is not used does no harm.
    assert load(configured(tmp_path, pages={"translations": "words"}))
