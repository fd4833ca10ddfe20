"""Renders the gateway's own pages from templates, with the headers that guard them."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from gateway.model import Language
from gateway.pages.catalogue import LANGUAGES, read_catalogue, spoken_time
from gateway.pages.settings import SupportSettings
from gateway.pages.wording import Gettext
from gateway.reference import reference_of
from gateway.responses import HeaderLines, Response

_FOLDER: Final = Path(__file__).parent
# What people call the environments that everybody knows.
_KNOWN_AS: Final = {"ti": "T&I"}


class Pages:
    """The templates in both languages, read once. `environment` is named in a banner unless it is prd.

    `clock` gives seconds since the epoch: each page with a reference says when it was made.
    """

    def __init__(
        self, support: SupportSettings, environment: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.support = support
        self._environment = environment
        self._clock = clock
        self._style = Markup((_FOLDER / "style.css").read_text("utf-8"))  # noqa: S704 - our own file
        self._script = Markup((_FOLDER / "copy.js").read_text("utf-8"))  # noqa: S704 - our own file
        self._guard = _guard(self._style, self._script, "'none'", b"DENY")
        self._guard_in_frames = _guard(self._style, self._script, "'self'", b"SAMEORIGIN")
        self._gettext: dict[Language, Gettext] = {}
        self._templates: dict[Language, Environment] = {}
        for language in LANGUAGES:
            catalogue = read_catalogue(language)
            templates = Environment(
                loader=FileSystemLoader(_FOLDER / "templates"),
                autoescape=True,
                undefined=StrictUndefined,
                extensions=["jinja2.ext.i18n"],
                trim_blocks=True,
                lstrip_blocks=True,
                auto_reload=False,
            )
            templates.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
            templates.globals.update(self._everywhere(language, catalogue.gettext))
            for name in templates.list_templates():
                templates.get_template(name)
            self._gettext[language] = catalogue.gettext
            self._templates[language] = templates

    def gettext(self, language: Language) -> Gettext:
        """The function that gives the words for a message id."""
        return self._gettext[language]

    def service(self, language: Language) -> str:
        """The name of the register as people know it."""
        return str(getattr(self.support.service, language))

    def page(
        self,
        template: str,
        language: Language,
        *,
        title: str,
        status: int = 200,
        request_id: str | None = None,
        lines: HeaderLines = (),
        in_frames: bool = False,
        **values: Any,
    ) -> Response:
        """A page with its guard headers and these further header lines. `title` is shown as it is given.

        `in_frames` says whether pages of this site may show it in a frame; never one with a button that does something.
        """
        found: Template = self._templates[language].get_template(template)
        now = datetime.fromtimestamp(self._clock(), UTC)
        body = found.render(
            title=title,
            request_id=request_id,
            reference=reference_of(request_id) if request_id else None,
            made_at=spoken_time(now, language),
            **values,
        ).encode("utf-8", "replace")
        guard = self._guard_in_frames if in_frames else self._guard
        guarded = ((b"content-language", language.encode("ascii")), *guard, *lines)
        return Response(body, status=status, media_type="text/html", lines=guarded)

    def mark(self, language: Language) -> str | None:
        """The environment in a word or two; None in prd."""
        if self._environment == "prd":
            return None
        if self.support.environment_label is not None:
            return str(getattr(self.support.environment_label, language))
        return _KNOWN_AS.get(self._environment, self._environment)

    def _everywhere(self, language: Language, gettext: Gettext) -> dict[str, Any]:
        support = self.support
        return {
            "language": language,
            "service": self.service(language),
            "style": self._style,
            "script": self._script,
            "environment_label": self._banner(language, gettext),
            "phone_link": _telephone(support.phone),
            "phone_abroad_link": _telephone(support.phone_abroad),
            "profile_link": Markup('<a href="{}">Mijn Profiel</a>').format(support.profile_url),
        }

    def _banner(self, language: Language, gettext: Gettext) -> str | None:
        mark = self.mark(language)
        if mark is None or self.support.environment_label is not None:
            return mark
        _ = gettext
        return _("Environment %(name)s: this is not production.") % {"name": mark}


def _guard(style: str, script: str, ancestors: str, options: bytes) -> HeaderLines:
    """The headers of a page with this one style and one script, and with those who may show it in a frame."""
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:; base-uri 'none'; "
        f"form-action 'self'; frame-ancestors {ancestors}"
    )
    return (
        (b"content-security-policy", policy.encode("ascii")),
        (b"x-frame-options", options),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
        (b"vary", b"accept, accept-language"),
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _telephone(number: str) -> Markup:
    digits = "".join(char for char in number if char.isdigit() or char == "+")
    return Markup('<a href="tel:{}">{}</a>').format(digits, number)
