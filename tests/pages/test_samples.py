"""Every kind of page can be made from sample values, in every shipped language."""

import inspect
import re
from pathlib import Path

import pytest

from gateway import errors, pages
from gateway.model import Language
from gateway.pages.render import Pages
from gateway.pages.samples import every_page
from gateway.pages.settings import SupportSettings

LANGUAGES = ("nl", "en", "fr", "de")


@pytest.fixture(scope="module")
def everywhere() -> Pages:
    return Pages(SupportSettings(), "ti", LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_page(everywhere: Pages, language: Language) -> None:
    made = {name: make() for name, make in every_page(everywhere, language)}
    # A bearer token is a program's: it gets data.
    html = [answer.body.decode() for name, answer in made.items() if name != "bearer-refused"]
    assert all(f'<html lang="{language}">' in each for each in html)
    assert not [each for each in html if re.search(r"%\(|%%", each.partition("</style>")[2])]
    assert len(made) > 70


def test_every_template_and_every_error_has_a_sample(everywhere: Pages) -> None:
    folder = Path(pages.__file__).parent / "templates"
    titles = {name: make().body for name, make in every_page(everywhere, "en")}
    kinds = [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.GatewayError) and kind is not errors.BearerRefused
    ]
    shown = b"".join(titles.values()).decode()
    gettext = everywhere.gettext("en")
    assert [kind.__name__ for kind in kinds if f"<h1>{gettext(kind.title)}</h1>" not in shown] == []
    sources = (*folder.glob("*.html"), *folder.parent.glob("*.py"))
    used = {name for each in sources for name in re.findall(r'"(\w+\.html)"', each.read_text("utf-8"))}
    assert used == {each.name for each in folder.glob("*.html")}
