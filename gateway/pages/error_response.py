"""Turns a GatewayError into HTTP: a page for people who navigate, problem+json (RFC 9457) for everything else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from gateway.errors import (
    BearerRefused,
    Blocked,
    Forbidden,
    FormOfAnother,
    GatewayError,
    LoginFailed,
    LoginRequired,
    TooManyRequests,
)
from gateway.http_semantics import HeaderLine
from gateway.model import CanonicalRequest, Identity, Language, Viewer
from gateway.pages.advice import advice_of, operators_words, template_of
from gateway.pages.authentication_methods import method_names
from gateway.pages.catalogue import message
from gateway.pages.denial import DenialPage, Denied, LabelSource, NoLabels
from gateway.pages.error_lines import error_lines
from gateway.pages.jsf import is_partial_request, partial_redirect, refused_at
from gateway.pages.links import link_to, login_url, may_be_framed, page_of
from gateway.pages.login_failures import login_failure_words
from gateway.pages.names import organisation_name, person_name
from gateway.pages.outcome import AGAIN, NO_OUTCOME, RequestOutcome, changes_something, outcome_words
from gateway.pages.problem import BASIC, Problems, Reader
from gateway.pages.render import Pages
from gateway.pages.spoken import spoken_duration, spoken_hour
from gateway.responses import Response, cookie_lines

log = structlog.get_logger()
# What may be over when the same is sent once more.
_PASSES: Final = (408, 429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an error page needs to know of a request, which may not be a canonical one.

    `back` is where a login or a switch leads back to, `again` the address that may be tried again as it is,
    `framed` whether the page may be shown in a frame.
    """

    method: str | None
    language: Language
    page: bool
    path: str | None
    back: str
    again: str | None
    framed: bool
    client: str = ""
    here: str | None = None


class ErrorResponses:
    """Turns errors into responses, for one environment.

    `public_url` is where people reach the gateway, `names` gives the names of the rules in force.
    What a template raises gives an answer in plain text, or goes on to the caller if this is `strict`.
    """

    def __init__(
        self,
        pages: Pages,
        *,
        public_url: str,
        names: Callable[[], LabelSource] = NoLabels,
        clock: Callable[[], float] = time.time,
        strict: bool = False,
    ) -> None:
        self._pages = pages
        self._clock = clock
        self._strict = strict
        self._denial = DenialPage(pages, public_url=public_url.rstrip("/"), names=names, clock=clock)
        self._public_url = public_url.rstrip("/")
        self.problems = Problems(pages, public_url=public_url, clock=clock)
        """The same errors as data."""

    def error(
        self,
        error: GatewayError,
        *,
        request_id: str,
        request: CanonicalRequest | None = None,
        identity: Identity | None = None,
        raw_headers: Iterable[HeaderLine] = (),
        viewer: Viewer = "script",
        outcome: RequestOutcome = NO_OUTCOME,
    ) -> Response:
        """The response to an error. `raw_headers` and `viewer` are used if there is no canonical request."""
        asked = self._asked(request) if request is not None else self._of_raw(raw_headers, viewer)
        lines = (*cookie_lines(error.set_cookies), *error_lines(error, identity))
        location = _instead(error, request, asked) if request and is_partial_request(request) else None
        if location is not None:
            return partial_redirect(location)
        # Programs get data, whatever they say that they accept.
        program = isinstance(error, BearerRefused) or (identity is not None and identity.kind == "machine")
        render = self._page if asked.page and not program else self._problem
        try:
            return render(error, asked, request_id, identity, lines, outcome)
        except Exception:
            # The page that shows an error may itself be at fault.
            if self._strict:
                raise
            log.exception("error page failed", request_id=request_id, error_code=error.code)
            words = f"{error.status} {error.code} {request_id}\n".encode("ascii", "replace")
            return Response(words, status=error.status, lines=lines)

    def step_up(
        self,
        error: Forbidden,
        acr_values: Sequence[str],
        *,
        request_id: str,
        request: CanonicalRequest,
        identity: Identity | None,
    ) -> Response:
        """Explains why this page needs another login, by one of these authentication methods, and leads there."""
        asked, _ = self._asked(request), self._pages.gettext(request.language)
        return self._pages.page(
            "step_up.html",
            asked.language,
            title=_("Log in again for this page"),
            means=method_names(acr_values, _, asked.language),
            status=error.status,
            request_id=request_id,
            here=asked.here,
            login_url=login_url(asked.back, acr_values),
            **_reader(identity),
        )

    def _asked(self, request: CanonicalRequest) -> _Asked:
        # Only what a GET showed can be shown again after a detour; a background call goes back to its page. The
        # gateway's own addresses are never shown again: those of logins carry codes.
        read, own = request.method in ("GET", "HEAD"), request.segments[0] == "oauth2"
        target = "/" if own else request.target.decode("ascii", "replace")
        if own or (read and request.viewer == "page"):
            back = target
        else:
            # A frame goes back with the page around it.
            back = page_of(request, self._public_url) or (
                target if request.viewer == "frame" and read else "/"
            )
        framed = may_be_framed(request)
        again = link_to(target, self._public_url) if read else None
        here = target if read and not own and request.viewer == "page" else None
        return _Asked(
            request.method,
            request.language,
            request.for_person,
            request.path,
            back,
            again,
            framed,
            request.client,
            here,
        )

    def _of_raw(self, headers: Iterable[HeaderLine], viewer: Viewer) -> _Asked:
        language = next((value for name, value in headers if name.lower() == b"accept-language"), None)
        chosen = self._pages.languages.negotiate(language)
        return _Asked(None, chosen, viewer in ("page", "frame"), None, "/", None, viewer == "frame")

    def _page(
        self,
        error: GatewayError,
        asked: _Asked,
        request_id: str,
        identity: Identity | None,
        lines: Iterable[HeaderLine],
        outcome: RequestOutcome,
    ) -> Response:
        _ = self._pages.gettext(asked.language)
        template, values = template_of(error), self._plain(error, asked, identity)
        if isinstance(error, Forbidden) and not isinstance(error, TooManyRequests):
            template, values = "denied.html", self._denied(error, asked, request_id, identity)
        elif isinstance(error, LoginFailed):
            template, values = "login_failed.html", self._not_logged_in(error, asked)
        return self._pages.page(
            template,
            asked.language,
            status=error.status,
            request_id=request_id,
            lines=lines,
            in_frames=asked.framed,
            here=asked.here,
            failed=asked.method not in (None, "GET", "HEAD"),
            **self._became(outcome, error, asked),
            **{"title": _(error.title), **values},
        )

    def _denied(
        self, error: Forbidden, asked: _Asked, request_id: str, identity: Identity | None
    ) -> dict[str, Any]:
        return self._denial.values(
            Denied(
                rule=error.decision.rule,
                advice=error.way_out,
                identity=identity,
                language=asked.language,
                path=asked.path or "/",
                back=asked.back,
                client=asked.client,
                request_id=request_id,
            )
        )

    def _became(self, outcome: RequestOutcome, error: GatewayError, asked: _Asked) -> dict[str, Any]:
        """What the page says about what was sent."""
        _ = self._pages.gettext(asked.language)
        words = outcome_words(outcome.forwarded, asked.method)
        again = outcome.forwarded == "no" and error.status in _PASSES and outcome.kept is None
        return {
            "became": [_(words), _(AGAIN)] if words and again else [_(words)] if words else [],
            "kept": outcome.kept,
            "kept_until": spoken_hour(outcome.kept.until, asked.language) if outcome.kept else None,
        }

    def _advice(self, error: GatewayError, language: Language) -> str:
        return advice_of(error, language, self._pages.gettext(language), self._clock())

    def _plain(self, error: GatewayError, asked: _Asked, identity: Identity | None) -> dict[str, Any]:
        return {
            "advice": self._pages.phone(self._advice(error, asked.language)),
            "said": operators_words(error, asked.language),
            "login_url": login_url(asked.back, error.facts.get("acr_values", ()))
            if isinstance(error, LoginRequired)
            else None,
            "retry_url": asked.again if error.status >= 500 or error.status == 429 else None,
            **_reader(identity if isinstance(error, Blocked | FormOfAnother) else None),
        }

    def _not_logged_in(self, error: LoginFailed, asked: _Asked) -> dict[str, Any]:
        _ = self._pages.gettext(asked.language)
        # A stopped loop names the cause that it found; any other failure is its own cause.
        code = str(error.facts.get("cause", error.reason))
        happened, helps = login_failure_words(code)
        seconds = error.facts.get("seconds")
        if isinstance(seconds, int):
            happened = message("The clock of the login service is %(duration)s away from ours.")
        target = error.facts.get("target")
        return {
            "rounds": error.facts.get("rounds"),
            "code": code,
            "cause": _(happened) % {"duration": spoken_duration(abs(seconds), asked.language)}
            if isinstance(seconds, int)
            else _(happened),
            "advice": self._pages.phone(_(helps)),
            "login_url": login_url(target if isinstance(target, str) else asked.back),
        }

    def _problem(
        self,
        error: GatewayError,
        asked: _Asked,
        request_id: str,
        identity: Identity | None,
        lines: Iterable[HeaderLine],
        outcome: RequestOutcome,
    ) -> Response:
        words = outcome_words(outcome.forwarded, asked.method)
        reader = Reader(asked.language, identity, asked.back, asked.path)
        problem = self.problems.data(error, reader, request_id=request_id, became=words)
        if outcome.forwarded is not None and changes_something(asked.method):
            problem["forwarded"] = outcome.forwarded
        problem.update({name: value for name, value in error.facts.items() if name not in BASIC})
        body = json.dumps(problem, ensure_ascii=True, default=str).encode("ascii")
        spoken, vary = asked.language.encode("ascii"), (b"vary", b"accept, accept-language")
        return Response(
            body,
            status=error.status,
            media_type="application/problem+json",
            lines=((b"content-language", spoken), vary, *lines),
        )


def _instead(error: GatewayError, request: CanonicalRequest, asked: _Asked) -> str | None:
    """Where an Ajax call of Faces leads its page; None where that stays, because trying again may help."""
    if isinstance(error, LoginRequired):
        target = request.target.decode("ascii", "replace")
        back = asked.back if request.header(b"referer") is not None else target
        return login_url(back, error.facts.get("acr_values", ()))
    if error.status == 403 and isinstance(error, Forbidden | Blocked):
        return refused_at(request)
    return None


def _reader(identity: Identity | None) -> dict[str, Any]:
    organisation = identity.organisation if identity else None
    return {
        "person": person_name(identity) if identity else None,
        "organisation": organisation_name(organisation.code, organisation) if organisation else None,
    }
