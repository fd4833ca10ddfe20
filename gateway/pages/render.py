"""Renders the gateway's own pages from templates, with the headers that guard them."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import CodeType
from typing import Any, Final

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateSyntaxError,
)
from jinja2.bccache import Bucket
from markupsafe import Markup

from gateway.files.editor_lock import is_editor_lock
from gateway.http_semantics import HeaderLine
from gateway.model import Language
from gateway.pages.branding import icon_address, logo_address, style
from gateway.pages.catalogue import catalogues, in_language, own_name, read_catalogue
from gateway.pages.language import Languages
from gateway.pages.links import quoted_back
from gateway.pages.settings import PROFILE, USERS, PagesSettings, SupportSettings
from gateway.pages.spoken import spoken_time
from gateway.pages.wording import Gettext
from gateway.reference import reference_of
from gateway.responses import Response

_FOLDER: Final = Path(__file__).parent
# What people call the environments that everybody knows.
_KNOWN_AS: Final = {"ti": "T&I"}
_LANGUAGE_PATH: Final = "/oauth2/language"


class Pages:
    """The templates in every language, read once. `environment` is named in a banner unless it is prd.

    `clock` gives seconds since the epoch: each page with a reference says when it was made. Raises ValueError, and
    jinja2's TemplateError, for files of the operator's that cannot be used.
    """

    def __init__(
        self,
        support: SupportSettings,
        environment: str,
        languages: Sequence[Language] = ("nl", "en"),
        own: PagesSettings = PagesSettings(),  # noqa: B008 - frozen
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.support = support
        self._production = environment == "prd"
        self.profile_url = support.profile_url or (PROFILE if self._production else None)
        self.users_url = support.users_url or (USERS if self._production else None)
        self.languages = Languages(languages)
        self._environment = environment
        self._clock = clock
        sheet = own.templates / "style.css" if own.templates is not None else None
        self._style = Markup(style(support.accent, sheet))  # noqa: S704 - files of ours and the operator's
        self._script = Markup((_FOLDER / "copy.js").read_text("utf-8"))  # noqa: S704 - our own file
        self._guard = _guard(self._style, self._script, "'none'", b"DENY")
        self._guard_in_frames = _guard(self._style, self._script, "'self'", b"SAMEORIGIN")
        self._logo = logo_address(support.logo) if support.logo is not None else None
        self._gettext: dict[Language, Gettext] = {}
        self._templates: dict[Language, Environment] = {}
        files, compiled = catalogues(own.translations), _compiled_once()
        for language in languages:
            catalogue = read_catalogue(language, files[language])
            templates = Environment(
                loader=_loader(own.templates),
                autoescape=True,
                undefined=StrictUndefined,
                extensions=["jinja2.ext.i18n"],
                trim_blocks=True,
                lstrip_blocks=True,
                auto_reload=False,
                bytecode_cache=compiled,
            )
            templates.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
            templates.globals.update(self._everywhere(language, catalogue.gettext))
            for name in _names(templates, own.templates):
                _load(templates, name, own.templates)
            self._gettext[language] = catalogue.gettext
            self._templates[language] = templates

    def gettext(self, language: Language) -> Gettext:
        """The function that gives the words for a message id."""
        return self._gettext[language]

    def service(self, language: Language) -> str:
        """The name of the register as people know it."""
        return in_language(self.support.service, language) or ""

    def page(
        self,
        template: str,
        language: Language,
        *,
        title: str,
        status: int = 200,
        request_id: str | None = None,
        lines: Iterable[HeaderLine] = (),
        in_frames: bool = False,
        here: str | None = None,
        **values: Any,
    ) -> Response:
        """A page with its guard headers and these further header lines. `title` is shown as it is given.

        `in_frames` says whether pages of this site may show it in a frame; never one with a button that does something.
        `here` is the path of the page, where it can be shown again in another language.
        """
        found = self._templates[language].get_template(template)
        shown = {
            "reference": reference_of(request_id) if request_id else None,
            "made_at": spoken_time(datetime.fromtimestamp(self._clock(), UTC), language),
            "failed": False,
            "switches": self._switches(here),
            **values,
        }
        body = found.render(title=title, request_id=request_id, **shown).encode("utf-8", "replace")
        guard = self._guard_in_frames if in_frames else self._guard
        guarded = ((b"content-language", language.encode("ascii")), *guard, *lines)
        return Response(body, status=status, media_type="text/html", lines=guarded)

    def mark(self, language: Language) -> str | None:
        """The environment in a word or two; None in prd."""
        if self._production:
            return None
        if self.support.environment_label is not None:
            return in_language(self.support.environment_label, language)
        return _KNOWN_AS.get(self._environment, self._environment)

    def phone(self, text: str) -> Markup:
        """A text of a catalogue with the number to call, as a link, where it says %(phone)s."""
        return Markup.escape(text) % {"phone": _telephone(self.support.phone)}

    def _switches(self, here: str | None) -> list[tuple[Language, str, str]]:
        """The language, its own name and the address that switches to it, where there is something to switch to."""
        if here is None or len(self.languages.offered) == 1:
            return []
        back = quoted_back(here)
        if back is None:
            return []
        return [
            (each, own_name(each), f"{_LANGUAGE_PATH}?lang={each}&rd={back}")
            for each in self.languages.offered
        ]

    def _everywhere(self, language: Language, gettext: Gettext) -> dict[str, Any]:
        support = self.support
        return {
            "language": language,
            "service": self.service(language),
            "style": self._style,
            "script": self._script,
            "logo": self._logo,
            "icon": icon_address(support.accent),
            "environment_label": self._banner(language, gettext),
            "phone_link": _telephone(support.phone),
            "phone_abroad_link": _telephone(support.phone_abroad),
            "profile_link": _profile(self.profile_url),
        }

    def _banner(self, language: Language, gettext: Gettext) -> str | None:
        mark = self.mark(language)
        if mark is None or self.support.environment_label is not None:
            return mark
        _ = gettext
        return _("Environment %(name)s: this is not production.") % {"name": mark}


def _profile(address: str | None) -> Markup:
    name = Markup("Mijn Profiel")
    return Markup('<a href="{}">{}</a>').format(address, name) if address is not None else name


def _guard(style: str, script: str, ancestors: str, options: bytes) -> Iterable[HeaderLine]:
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


class _CompiledOnce(BytecodeCache):
    """Compiles each template once for all languages."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._code[bucket.key, bucket.checksum] = bucket.code


@cache
def _compiled_once() -> _CompiledOnce:
    """The compiled templates of this process."""
    return _CompiledOnce()


def _names(templates: Environment, own: Path | None) -> list[str]:
    """The templates, without what an editor leaves beside those of the operator's."""
    found = templates.list_templates(extensions=["html"])
    return [each for each in found if own is None or not is_editor_lock(own / each)]


def _load(templates: Environment, name: str, own: Path | None) -> None:
    """Compile a template. Raises TemplateError, also for a file that is not UTF-8: the library does not name that file."""
    try:
        templates.get_template(name)
    except UnicodeDecodeError as problem:
        line = problem.object.count(b"\n", 0, problem.start) + 1
        file = str(own / name) if own is not None else name
        raise TemplateSyntaxError("it is not written in UTF-8", line, name, file) from problem


def _loader(own: Path | None) -> BaseLoader:
    """Templates of the operator's come first, and can extend the shipped ones by the name shipped/NAME."""
    shipped = FileSystemLoader(_FOLDER / "templates")
    if own is None:
        return shipped
    return ChoiceLoader([FileSystemLoader(own), shipped, PrefixLoader({"shipped": shipped})])


def _telephone(number: str) -> Markup:
    digits = "".join(char for char in number if char.isdigit() or char == "+")
    return Markup('<a href="tel:{}">{}</a>').format(digits, number)
