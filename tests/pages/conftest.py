"""What happened to people, as the pages get to hear it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from gateway.errors import Forbidden
from gateway.model import (
    Alternatives,
    CanonicalRequest,
    Decision,
    Identity,
    Language,
    Missing,
    Organisation,
    Viewer,
)
from gateway.pages.error_response import ErrorResponses
from gateway.pages.render import Pages
from gateway.pages.settings import PROFILE, USERS, SupportSettings
from gateway.plan import Advice, Grant, Plan

INDIENER = Missing(
    "right",
    "grant",
    right="OVAMGebruiker",
    context="NonConformiteitenIndiener",
    organisation="0456789034",
    label={
        "nl": "gebruikersrecht 'OVAM Gebruiker' met context 'Non-conformiteiten indiener'",
        "en": "user right 'OVAM Gebruiker' with context 'Non-conformiteiten indiener'",
    },
    granted_by={
        "nl": "de lokale beheerder van uw organisatie",
        "en": "the local administrator (lokale beheerder) of your organisation",
    },
)


NOW = datetime(2026, 11, 24, 11, 4, 30, tzinfo=UTC).timestamp()
LEZER = {"nl": "recht om te lezen", "en": "right to read"}


class Names:
    """What the rules of the tests are called."""

    def rule_label(self, rule: str) -> Mapping[str, str]:
        return {"nl": "Een nieuwe melding", "en": "A new report"} if rule == "own-reports" else {}

    def right_label(self, right: str, context: str | None) -> Mapping[str, str]:
        return LEZER if context == "Lezer" else INDIENER.label if context == INDIENER.context else {}


class _Text(HTMLParser):
    """The words of a page as a person reads them, a block a line, with the links that matter."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = [""]
        self._silent = False
        self._targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "title", "script", "nav"):
            self._silent = True
        if tag in (
            "p",
            "h1",
            "h2",
            "h3",
            "li",
            "div",
            "td",
            "th",
            "dt",
            "dd",
            "caption",
            "button",
            "summary",
            "textarea",
            "label",
        ):
            self.lines.append("# " if tag in ("h1", "h2", "h3") else "")
        if tag == "a" and not self._silent:
            self._targets.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "title", "script", "nav"):
            self._silent = False
        if tag == "a" and not self._silent:
            self.lines[-1] += f" <{self._targets.pop()}>"

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.lines[-1] += data


def text_of(page: bytes) -> str:
    parser = _Text()
    parser.feed(page.decode())
    lines = (" ".join(line.split()) for line in parser.lines)
    return "\n".join(line for line in lines if line and line != "#") + "\n"


@pytest.fixture(scope="session")
def pages() -> Pages:
    support = SupportSettings(profile_url=PROFILE, users_url=USERS)
    return Pages(support, "ti", clock=lambda: NOW)


@pytest.fixture(scope="session")
def answers(pages: Pages) -> ErrorResponses:
    return ErrorResponses(pages, public_url="https://register.test", names=Names, clock=lambda: NOW)


@pytest.fixture
def indiener() -> Identity:
    return Identity(
        issuer="op",
        subject="f3a1c9",
        given_name="Zoë",
        family_name="Peeters",
        doelgroep="EA",
        organisation=Organisation("0456789034", "Containerdienst Peeters nv"),
    )


Asks = Callable[..., CanonicalRequest]


@pytest.fixture
def asks() -> Asks:
    def make(
        method: str = "GET",
        path: str = "/organisaties/0456789034/meldingen/1",
        *,
        raw: bytes | None = None,
        query: bytes | None = b"a=1&b=2",
        navigation: bool = True,
        viewer: Viewer | None = None,
        language: Language = "nl",
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> CanonicalRequest:
        return CanonicalRequest(
            id="3f2a9c1e",
            method=method,
            scheme="https",
            host="register.test",
            path=path,
            segments=tuple(path.split("/")[1:]),
            target=(raw or path.encode("ascii")) + (b"" if query is None else b"?" + query),
            headers=headers,
            cookies={},
            client="192.0.2.1",
            viewer=viewer or ("page" if navigation else "script"),
            language=language,
        )

    return make


def denial(*plans: Plan, missing: Alternatives = (), obstacles: tuple[Missing, ...] = ()) -> Forbidden:
    decision = Decision(False, "own-reports", "the right is missing", missing)
    return Forbidden(decision, lambda: Advice(plans, obstacles))


GRANT = Grant("OVAMGebruiker", "NonConformiteitenIndiener", "0456789034", INDIENER)
