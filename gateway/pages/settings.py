"""The settings of the gateway's own pages, under `support:` and `pages:`."""

from __future__ import annotations

import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from gateway.settings import Duration, FileBeside, Settings, Texts

_SHORTEST_WARNING: Final = 60.0


# What the address of Gebruikersbeheer can take over of a request.
IN_ADDRESS: Final = ("subject", "person", "organisation", "right", "context")


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write a web address that starts with https:// (or http:// on this machine)")
    return value


def _of_a_request(value: str) -> str:
    unknown = [name for name in re.findall(r"\{([^{}]*)\}", value) if name not in IN_ADDRESS]
    if unknown:
        raise ValueError(f"{{{unknown[0]}}} is not one of: {', '.join(f'{{{name}}}' for name in IN_ADDRESS)}")
    return value


def _in_dutch(texts: Texts) -> Texts:
    if not texts.get("nl"):
        raise ValueError("write this in Dutch at least: {nl: ...}")
    return texts


# Rights of production are no rights elsewhere, and what the addresses of T&I are is not published.
PROFILE: Final = "https://mijnprofiel-gebruikersbeheer.vlaanderen.be/"
USERS: Final = "https://vo-gebruikersbeheer.vlaanderen.be/"

WebAddress = Annotated[str, AfterValidator(_web_address)]
Named = Annotated[Texts, AfterValidator(_in_dutch)]


class SupportSettings(Settings):
    """Whom people can turn to, and what the service is called and looks like on the gateway's own pages."""

    service: Named = Field(
        default_factory=lambda: {
            "nl": "Centraal non-conformiteitenregister",
            "en": "Central non-conformity register",
            "fr": "Registre central des non-conformités",
            "de": "Zentrales Register der Nichtkonformitäten",
        }
    )
    """The name of the register as people know it, by language."""

    phone: str = "1700"
    """The number to call within Belgium."""

    phone_abroad: str = "+32 2 553 1700"
    """The number to call from abroad."""

    profile_url: WebAddress | None = None
    """Mijn Profiel of Gebruikersbeheer: where people see their own rights and local administrators. In an environment that is
    called prd it is by default https://mijnprofiel-gebruikersbeheer.vlaanderen.be/; elsewhere pages have no link to it."""

    users_url: Annotated[WebAddress, AfterValidator(_of_a_request)] | None = None
    """Gebruikersbeheer: where administrators give rights. A request for a right names it. {subject}, {person} (the name),
    {organisation}, {right} and {context} in it are replaced by those of the request. In an environment that is called prd it
    is by default https://vo-gebruikersbeheer.vlaanderen.be/; elsewhere a request names none."""

    environment_label: Named | None = None
    """What the banner says in an environment that is not prd; by default the name of the environment."""

    logo: FileBeside | None = None
    """A file with the logo, next to this file: SVG, PNG, JPEG, GIF or WebP, at most 64 kB. The pages contain it."""

    accent: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")] = "#ffe615"
    """The colour of the mark beside the name, and of what the keyboard is at: a light one, such as "#ffe615"."""


class PagesSettings(Settings):
    """Words and templates of your own for the gateway's own pages, in every environment."""

    templates: FileBeside | None = None
    """A folder with templates (Jinja): each replaces the shipped one of the same name. A `style.css` adds to the style."""

    translations: FileBeside | None = None
    """A folder with catalogues of further languages (or other words for a shipped one): fr.po."""


def _long_enough(value: float) -> float:
    if value < _SHORTEST_WARNING:
        raise ValueError("write 1m or more: people need that long to save their work")
    return value


class SessionBarSettings(Settings):
    """The bar at the bottom of the register's pages: who is logged in, log out, a warning before the session ends."""

    inject: bool = False
    """Whether the gateway puts the script tag into the register's pages; otherwise the register has it in its own."""

    warn: Annotated[Duration, AfterValidator(_long_enough)] = 300
    """How long before the end of the session people are warned."""
