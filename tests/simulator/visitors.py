"""One environment's ACM with the applications beside it, and visitors who open pages and send forms, without scripts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import httpx2

from simulator.acm.state import AcmState
from simulator.data.directory import Directory, file_of
from simulator.portal import create_portal
from simulator.run import bind, url_of
from tests.running import serving
from tests.simulator.acm.relying_party import Clock


@dataclass
class Portal:
    """What runs: ACM, Gebruikersbeheer and Mijn Profiel on one address."""

    url: str
    acm: AcmState
    directory: Directory
    clock: Clock

    def begin_anew(self) -> None:
        """Forget what was done, as `reset` does while nothing runs: making ACM's keys anew takes too long for tests."""
        for file in self.directory.path.parent.glob(f"{self.directory.path.name}*"):
            file.unlink()
        self.directory.open()


@contextlib.contextmanager
def portal(folder: Path, environment: str = "ti") -> Iterator[Portal]:
    """A portal on a free port, with a new directory in this folder."""
    clock = Clock()
    sock = bind(0)
    directory = Directory(file_of(folder, environment), environment, clock)
    directory.open()
    state = AcmState(environment, url_of(sock), (), directory.people, clock)
    with serving(create_portal(state, directory), sock=sock, lifespan="off"):
        yield Portal(url_of(sock), state, directory, clock)


@dataclass
class Form:
    """A form on a page, filled in as it came."""

    method: str
    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select: str | None = None
        self._area: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(values.get("method", "get"), values.get("action", "")))
        elif tag == "input" and self.forms:
            self.forms[-1].fields.append((values["name"], values.get("value", "")))
        elif tag == "button" and self.forms:
            self.forms[-1].buttons.append((values.get("name", ""), values.get("value", "")))
        elif tag == "select":
            self._select = values["name"]
        elif tag == "option" and self._select and "selected" in values:
            self.forms[-1].fields.append((self._select, values["value"]))
        elif tag == "textarea":
            self._area = (values["name"], "")

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area = (self._area[0], self._area[1] + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            self.forms[-1].fields.append((self._area[0], self._area[1].removeprefix("\n")))
            self._area = None
        elif tag == "select":
            self._select = None


class Visitor:
    """Somebody with a browser."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx2.Client(trust_env=False, follow_redirects=True, timeout=10)

    def open(self, path: str) -> httpx2.Response:
        return self._client.get(urljoin(self.url, path))

    def send(self, page: httpx2.Response, button: tuple[str, str], **values: str) -> httpx2.Response:
        """Fill in the form that has this button, and press it."""
        form = next(each for each in _forms(page) if button in each.buttons)
        fields = [(name, value) for name, value in form.fields if name not in values]
        return self.request(
            urljoin(str(page.url), form.action), form.method, [*fields, *values.items(), button]
        )

    def request(self, url: str, method: str, fields: list[tuple[str, str]]) -> httpx2.Response:
        data: dict[str, list[str]] = {}
        for name, value in fields:
            data.setdefault(name, []).append(value)
        if method == "get":
            return self._client.get(url, params=data)
        return self._client.post(url, data=data)

    def log_in(self, path: str, persona: str, choice: tuple[str, str] | None = None) -> httpx2.Response:
        """Open a page that asks to log in, and do so; `choice` is the button of the capacity."""
        page = self.open(path)
        page = self.send(page, ("means", "itsme"))
        page = self.send(page, ("persona", persona))
        return page if choice is None else self.send(page, choice)

    def sent_back_to(self, page: httpx2.Response, button: tuple[str, str]) -> str:
        """Where pressing this button leads, without going there."""
        self._client.follow_redirects = False
        location: str = self.send(page, button).headers["location"]
        self._client.follow_redirects = True
        return location

    def forget(self) -> None:
        """Throw all cookies away."""
        self._client.cookies.clear()

    def close(self) -> None:
        self._client.close()


def values(page: httpx2.Response, button: tuple[str, str]) -> dict[str, str]:
    """What stands in the form that has this button."""
    return dict(next(each for each in _forms(page) if button in each.buttons).fields)


def _forms(page: httpx2.Response) -> list[Form]:
    parser = _Forms()
    parser.feed(page.text)
    return parser.forms
