"""Logs in at a gateway as a browser would, without a browser: follows redirects, fills in ACM's forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

import httpx2

_MOST_STEPS = 20
_HEADERS = {
    "accept": "text/html,application/xhtml+xml",
    "accept-language": "nl",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
    "sec-fetch-site": "none",
    "user-agent": "simulator-login",
}


class LoginEnded(Exception):
    """The login did not end in a session; the words say why."""


@dataclass
class _Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[_Form] = []
        self.heading = ""
        self._in_heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(_Form(values.get("action", ""), values.get("method", "get")))
        elif self.forms and tag == "input" and values.get("type") == "hidden":
            self.forms[-1].fields[values["name"]] = values.get("value", "")
        elif self.forms and tag == "button" and "name" in values:
            self.forms[-1].buttons.append((values["name"], values.get("value", "")))
        self._in_heading = tag == "h1"

    def handle_data(self, data: str) -> None:
        if self._in_heading:
            self.heading += data.strip()
            self._in_heading = False


class _Browser:
    """A cookie jar for each origin: on localhost real browsers share them over ports, which would hide mistakes."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._clients: dict[str, httpx2.Client] = {}

    def client(self, url: str) -> httpx2.Client:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._clients:
            self._clients[origin] = httpx2.Client(
                timeout=self._timeout, trust_env=False, follow_redirects=False, headers=_HEADERS
            )
        return self._clients[origin]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


def login(
    gateway_url: str,
    persona: str,
    organisation: str | None = None,
    *,
    means: str = "itsme",
    timeout: float = 10.0,
) -> str:
    """The value of a Cookie header for the gateway, after logging in as this persona.

    `organisation` chooses one where the person works for several, `means` how they prove who they are; where ACM
    does not offer those means, or no organisation is chosen, the first that it offers is taken. Raises LoginEnded.
    """
    browser = _Browser(timeout)
    home = urlsplit(gateway_url).netloc
    url = f"{gateway_url.rstrip('/')}/oauth2/start?rd=/"
    data: dict[str, str] | None = None
    try:
        for _ in range(_MOST_STEPS):
            client = browser.client(url)
            answer = client.post(url, data=data) if data is not None else client.get(url)
            if answer.is_redirect:
                there = urljoin(url, answer.headers["location"])
                back = urlsplit(url).path == "/oauth2/callback" and urlsplit(there).netloc == home
                if back and _sessions(client):
                    return _sessions(client)
                url, data = there, None
                continue
            url, data = _answer_form(url, answer, persona, organisation, means)
    except httpx2.HTTPError as problem:
        raise LoginEnded(f"{urlsplit(url).netloc} does not answer: {type(problem).__name__}") from problem
    finally:
        browser.close()
    raise LoginEnded(f"no session after {_MOST_STEPS} steps")


def _sessions(client: httpx2.Client) -> str:
    found = [
        f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar if cookie.name.endswith("-session")
    ]
    return "; ".join(found)


def _answer_form(
    url: str, answer: httpx2.Response, persona: str, organisation: str | None, means: str
) -> tuple[str, dict[str, str] | None]:
    page = _Forms()
    page.feed(answer.text)
    form = next((each for each in page.forms if each.buttons), None)
    if answer.status_code != 200 or form is None:
        raise LoginEnded(
            f"{urlsplit(url).path} answered {answer.status_code}: {page.heading or 'no form to fill in'}"
        )
    names = {name for name, _ in form.buttons}
    values = [value for _, value in form.buttons]
    if "persona" in names:
        wanted = persona
    elif "means" in names:
        wanted = means if means in values else values[0]
    elif organisation is None:
        wanted = values[0]
    else:
        wanted = organisation
    if wanted not in values:
        raise LoginEnded(f"ACM does not offer {wanted!r}; it offers: {', '.join(values)}")
    name = next(name for name, value in form.buttons if value == wanted)
    filled = {**form.fields, name: wanted}
    if form.method == "post":
        return urljoin(url, form.action), filled
    return f"{urljoin(url, form.action)}?{urlencode(filled)}", None
