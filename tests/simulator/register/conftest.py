"""The register as it runs, asked directly with the headers that the gateway sets, and a clock that is handed in."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
import pytest

from simulator.register.app import create_register
from simulator.run import running

PEETERS, MAASLAND, OVAM = "0456789034", "0777000187", "OVO999001"
PERSON = "NonConformiteitenIndiener"
HEADERS: Mapping[str, str] = {"content-type": "application/x-www-form-urlencoded"}


class Clock:
    """Tuesday 24 November 2026, a quarter past three in Belgium."""

    def __init__(self) -> None:
        self.now = 1_795_529_700.0

    def __call__(self) -> float:
        return self.now


def headers_of(
    subject: str,
    name: str,
    organisation: str,
    organisation_name: str,
    context: str | None = PERSON,
    kind: str = "person",
) -> dict[str, str]:
    """The identity headers of somebody, percent-encoded as the gateway does."""
    found = {
        "x-forwarded-user": subject,
        "x-auth-name": quote(name, safe=" "),
        "x-auth-organisation": organisation,
        "x-auth-organisation-name": quote(organisation_name, safe=" "),
        "x-auth-kind": kind,
    }
    return found | ({"x-auth-rights": f"OVAMGebruiker-{context}:{organisation}"} if context else {})


INGE = headers_of("inge", "Inge Dewaele", PEETERS, "Containerdienst Peeters nv")
MIA = headers_of("mia", "João Łukasz", MAASLAND, "Maasland bv")
OLIVIA = headers_of("olivia", "Olivia Vandamme", OVAM, "OVAM", "NonConformiteitenLezer")
NOBODY = headers_of("zoe", "Zoë Maes", PEETERS, "Containerdienst Peeters nv", "Bodemdossiers")
MACHINE = headers_of("koppeling", "Weegbrug", PEETERS, "Containerdienst Peeters nv", None, "machine")


@dataclass
class Browser:
    """A browser that keeps the register's session cookie, whatever its Domain says: the gateway would rewrite that."""

    client: httpx2.Client
    who: Mapping[str, str]
    cookie: str = ""
    page: str = field(default="", repr=False)

    def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] = {}, **options: Any
    ) -> httpx2.Response:
        sent = {**self.who, **headers} | ({"cookie": self.cookie} if self.cookie else {})
        answer = self.client.request(method, path, headers=sent, **options)
        given = answer.headers.get("set-cookie")
        self.cookie = given.partition(";")[0] if given else self.cookie
        return answer

    def get(self, path: str) -> httpx2.Response:
        answer = self.ask("GET", path)
        self.page = answer.text
        return answer

    @property
    def state(self) -> str:
        """The view state of the page that was got last."""
        return re.findall(r'name="javax.faces.ViewState" value="([^"]+)"', self.page)[0]

    def send(self, path: str, *, encoding: str = "windows-1252", **fields: str) -> httpx2.Response:
        """Press a button of the page as a browser does, with the fields `form__name` as form:name."""
        named = {name.replace("__", ":"): value for name, value in fields.items()}
        content = urlencode({"javax.faces.ViewState": self.state, **named}, encoding=encoding)
        return self.ask("POST", path, headers=HEADERS, content=content)

    def ajax(self, path: str, source: str, render: str, **fields: str) -> httpx2.Response:
        """Press a button of the page as its script does."""
        named = {name.replace("__", ":"): value for name, value in fields.items()}
        content = urlencode({
            "javax.faces.ViewState": self.state, "javax.faces.partial.ajax": "true", "javax.faces.source": source,
            "javax.faces.partial.render": render, **named,
        })  # fmt: skip
        lines = {"content-type": f"{HEADERS['content-type']};charset=UTF-8", "faces-request": "partial/ajax"}
        return self.ask("POST", path, headers=lines, content=content)

    @property
    def text(self) -> str:
        """The page that was got last, without references to characters."""
        return html.unescape(self.page)


@dataclass
class Office:
    """A register that runs."""

    url: str
    clock: Clock
    client: httpx2.Client

    def browser(self, who: Mapping[str, str]) -> Browser:
        return Browser(self.client, who)

    def call(self, method: str, path: str, who: Mapping[str, str], **options: Any) -> httpx2.Response:
        return self.client.request(method, path, headers=who, **options)


@pytest.fixture
def office() -> Iterator[Office]:
    clock = Clock()
    with (
        running(lambda url: create_register(inside=url, environment="ti", clock=clock)) as url,
        httpx2.Client(base_url=url, trust_env=False, timeout=20) as client,
    ):
        yield Office(url, clock, client)


def report(**changes: Any) -> dict[str, Any]:
    """A report as a machine sends it, without faults."""
    return {
        "datum_vaststelling": "2026-11-20",
        "producent": {
            "naam": "Bakkerij De Korenaar",
            "ondernemingsnummer": "0400.000.185",
            "adres": "Kerkstraat 1, 2000 Antwerpen",
        },
        "afvalstromen": ["papier-karton"],
        "omschrijving": "Karton tussen het restafval",
    } | changes


TYPED = {
    "melding__datum": "20/11/2026",
    "melding__producent": "Café De Korenaar",
    "melding__nummer": "0400.000.185",
    "melding__adres": "Kerkstraat 1, 2000 Antwerpen",
    "melding__afvalstroom": "papier-karton",
    "melding__omschrijving": "Karton tussen het restafval",
}
