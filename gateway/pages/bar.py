"""The script of the session bar, with the words of all languages in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from gateway.model import Language
from gateway.pages.catalogue import message
from gateway.pages.render import Pages
from gateway.pages.settings import SessionBarSettings

SCRIPT: Final = "/oauth2/bar.js"
"""Its address."""

_FOLDER: Final = Path(__file__).parent
_WORDS: Final[Mapping[str, str]] = {
    "label": message("Your session"),
    "nobody": message("Not logged in"),
    "somebody": message("Logged in"),
    "in": message("Log in"),
    "out": message("Log out"),
    "switch": message("Switch organisation"),
    "access": message("My access"),
    "stay": message("Stay logged in"),
    "again": message("Log in again (in a new tab)"),
    "reload": message("Load this page again"),
    "close": message("Close this message"),
    "minutes": message("in %(count)s minutes"),
    "moment": message("in less than a minute"),
    "idle": message("You have done nothing for a while. You will be logged out %(time)s."),
    "final": message(
        "Your session ends %(time)s and cannot be prolonged. Save your work, or log in again: this page stays open."
    ),
    "refused": message(
        "Your session cannot be prolonged here. Log in again in a new tab: this page stays open."
    ),
    "failed": message("That did not succeed: there was no answer. You will be logged out %(time)s."),
    "kept": message("You stay logged in."),
    "ended": message(
        "You are no longer logged in. What you typed is still on this page: log in again in a new tab, "
        "then come back here."
    ),
    "back": message("You are logged in again. You can go on here."),
    "somebody-else": message(
        "You are now logged in as %(name)s. This page was opened as somebody else or for another organisation: "
        "load it again before you go on."
    ),
}


class BarScript:
    """The script as it is served; `etag` changes with it. It is the same for everybody."""

    def __init__(self, pages: Pages, settings: SessionBarSettings) -> None:
        offered = pages.languages.offered
        values: dict[str, Any] = {
            "warn": settings.warn,
            "default": offered[0],
            "words": {language: _words(pages, language) for language in offered},
            "mark": {language: pages.mark(language) for language in offered},
            "style": (_FOLDER / "bar.css").read_text("utf-8"),
        }
        function = (_FOLDER / "bar.js").read_text("utf-8")
        # No "<" of a label or a word can end anything: a script file is not parsed as HTML.
        self.content = f"({function})({json.dumps(values)});\n".encode()
        self.etag = f'"{sha256(self.content).hexdigest()[:32]}"'.encode("ascii")


def _words(pages: Pages, language: Language) -> dict[str, str]:
    gettext = pages.gettext(language)
    return {name: gettext(text) for name, text in _WORDS.items()}
