"""Turns a GatewayError into HTTP: a page for people who navigate, problem+json (RFC 9457) for everything else."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import structlog

from gateway.errors import (
    BearerRefused,
    Blocked,
    Forbidden,
    GatewayError,
    LoginFailed,
    LoginRequired,
    MethodNotAllowed,
    TooManyRequests,
    UpgradeRequired,
)
from gateway.model import CanonicalRequest, Identity, Language, Looking
from gateway.pages.catalogue import message, spoken_hour
from gateway.pages.causes import cause
from gateway.pages.faces import is_partial_request, partial_redirect, refused_at
from gateway.pages.language import negotiate
from gateway.pages.links import login_url, may_be_framed, page_of
from gateway.pages.outcome import AGAIN, NO_OUTCOME, Outcome, changes_something, outcome_words
from gateway.pages.render import Pages
from gateway.pages.wording import Wording, organisation_name, unread_claims, unread_claims_data
from gateway.plan import Grant
from gateway.responses import HeaderLines, Response, cookie_lines

log = structlog.get_logger()

_SCOPE: Final = re.compile(r"[!#-\[\]-~]+")
_TYPE: Final = "urn:toegangspoort:problem:"
_RETRY_AFTER: Final = 10
_MOST_LONGER: Final = 4
# What may be over when the same is sent once more.
_PASSES: Final = (408, 429, 500, 502, 503, 504)
_BASIC: Final = frozenset({"type", "title", "status", "detail", "instance", "code", "request_id"})


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an error page needs to know of a request, which may not be a canonical one.

    `back` is where a login or a switch leads back to, `again` the address that may be tried again as it is,
    `framed` whether the page may stand in a frame.
    """

    method: str | None
    language: Language
    page: bool
    path: str | None
    back: str
    again: str | None
    framed: bool


class ErrorResponses:
    """Turns errors into responses, for one environment. `public_url` is where people reach the gateway."""

    def __init__(self, pages: Pages, *, public_url: str) -> None:
        self._pages = pages
        self._public_url = public_url.rstrip("/")

    def error(
        self,
        error: GatewayError,
        *,
        request_id: str,
        request: CanonicalRequest | None = None,
        identity: Identity | None = None,
        raw_headers: HeaderLines = (),
        looking: Looking = "script",
        outcome: Outcome = NO_OUTCOME,
    ) -> Response:
        """The response to an error. `raw_headers` and `looking` are used if there is no canonical request."""
        asked = self._asked(request) if request is not None else _of_raw(raw_headers, looking)
        lines = (
            *cookie_lines(error.set_cookies),
            *_lines(error, identity),
        )
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
            log.exception("error page failed", request_id=request_id, error_code=error.code)
            words = f"{error.status} {error.code} {request_id}\n".encode("ascii", "replace")
            return Response(words, status=error.status, lines=lines)

    def _asked(self, request: CanonicalRequest) -> _Asked:
        # Only what a GET showed can be shown again after a detour; a background call goes back to its page. The
        # gateway's own addresses are never shown again: those of logins carry codes.
        read, own = request.method in ("GET", "HEAD"), request.segments[0] == "oauth2"
        target = "/" if own else request.target.decode("ascii", "replace")
        if own or (read and request.looking == "page"):
            back = target
        else:
            # A frame goes back with the page around it.
            back = page_of(request, self._public_url) or (
                target if request.looking == "frame" and read else "/"
            )
        framed = may_be_framed(request)
        again = target if read else None
        return _Asked(request.method, request.language, request.for_person, request.path, back, again, framed)

    def _page(
        self,
        error: GatewayError,
        asked: _Asked,
        request_id: str,
        identity: Identity | None,
        lines: HeaderLines,
        outcome: Outcome,
    ) -> Response:
        _ = self._pages.gettext(asked.language)
        template, values = "error.html", self._plain(error, asked)
        if isinstance(error, Forbidden):
            template, values = "denied.html", self._denied(error, asked, identity)
        elif isinstance(error, LoginFailed):
            template, values = "login_failed.html", self._not_logged_in(error, asked)
        return self._pages.page(
            template,
            asked.language,
            title=_(error.title),
            status=error.status,
            request_id=request_id,
            lines=lines,
            in_frames=asked.framed,
            **self._became(outcome, error, asked),
            **values,
        )

    def _became(self, outcome: Outcome, error: GatewayError, asked: _Asked) -> dict[str, Any]:
        """What the page says about what was sent."""
        _ = self._pages.gettext(asked.language)
        words = outcome_words(outcome.forwarded, asked.method)
        again = outcome.forwarded == "no" and error.status in _PASSES and outcome.kept is None
        return {
            "became": [_(words), _(AGAIN)] if words and again else [_(words)] if words else [],
            "kept": outcome.kept,
            "kept_until": spoken_hour(outcome.kept.until, asked.language) if outcome.kept else None,
        }

    def _plain(self, error: GatewayError, asked: _Asked) -> dict[str, Any]:
        return {
            "advice": self._pages.gettext(asked.language)(error.advice),
            "login_url": login_url(asked.back, error.facts.get("acr_values", ()))
            if isinstance(error, LoginRequired)
            else None,
            "retry_url": asked.again if error.status >= 500 else None,
        }

    def _not_logged_in(self, error: LoginFailed, asked: _Asked) -> dict[str, Any]:
        _ = self._pages.gettext(asked.language)
        # A stopped loop names the cause that it found; any other failure is its own cause.
        code = str(error.facts.get("cause", error.reason))
        happened, helps = cause(code)
        seconds = error.facts.get("seconds")
        differ = message("The clock of the login service is %(count)s seconds away from ours.")
        if isinstance(seconds, int):
            happened = differ
        target = error.facts.get("target")
        return {
            "rounds": error.facts.get("rounds"),
            "code": code,
            "cause": _(happened) % {"count": abs(seconds)} if isinstance(seconds, int) else _(happened),
            "advice": _(helps),
            "login_url": login_url(target if isinstance(target, str) else asked.back),
        }

    def _denied(self, error: Forbidden, asked: _Asked, identity: Identity | None) -> dict[str, Any]:
        # A person sees the shortest ways at once, and longer ones on request.
        wording = self._wording(error, asked, identity)
        every = wording.plans(error.way_out)
        shortest = min(map(len, every), default=0)
        needs = tuple(plan for plan in every if len(plan) == shortest)
        longer = tuple(plan for plan in every if len(plan) > shortest)[:_MOST_LONGER]
        organisation = identity.organisation if identity else None
        return {
            "person": identity.name or identity.subject if identity else None,
            "organisation": organisation_name(organisation.code, organisation) if organisation else None,
            "unread_claims": unread_claims(identity),
            "needs": needs,
            "obstacles": wording.obstacles(error.way_out),
            "longer": longer,
            "can_renew": identity is not None
            and any(isinstance(words.step, Grant) for plan in needs for words in plan),
            "login_url": login_url(asked.back),
        }

    def _wording(self, error: Forbidden, asked: _Asked, identity: Identity | None) -> Wording:
        return Wording(
            asked.language,
            self._pages.gettext(asked.language),
            identity=identity,
            back=asked.back,
            too_often=isinstance(error, TooManyRequests),
        )

    def _problem(
        self,
        error: GatewayError,
        asked: _Asked,
        request_id: str,
        identity: Identity | None,
        lines: HeaderLines,
        outcome: Outcome,
    ) -> Response:
        _ = self._pages.gettext(asked.language)
        words = outcome_words(outcome.forwarded, asked.method)
        problem: dict[str, Any] = {
            "type": _TYPE + error.code,
            "title": _(error.title),
            "status": error.status,
            "detail": f"{_(error.advice)} {_(words)}" if words else _(error.advice),
            "code": error.code,
            "request_id": request_id,
        }
        if asked.path is not None:
            problem["instance"] = quote(asked.path, safe="/:@!$&'()*+,;=-._~")
        if isinstance(error, LoginRequired):
            problem["login_url"] = self._public_url + login_url(asked.back, error.facts.get("acr_values", ()))
        if isinstance(error, Forbidden):
            support = self._pages.support
            problem["rule"] = error.decision.rule
            wording = self._wording(error, asked, identity)
            problem["missing"] = [
                [wording.data(each) for each in alternative] for alternative in error.decision.alternatives
            ]
            problem["plans"] = [
                [words.data(self._public_url) for words in plan] for plan in wording.plans(error.way_out)
            ]
            if unread := unread_claims_data(identity):
                problem["unread_claims"] = unread
            problem["support"] = {
                "phone": support.phone,
                "phone_abroad": support.phone_abroad,
                "profile_url": support.profile_url,
            }
        if outcome.forwarded is not None and changes_something(asked.method):
            problem["forwarded"] = outcome.forwarded
        problem.update({name: value for name, value in error.facts.items() if name not in _BASIC})
        body = json.dumps(problem, ensure_ascii=True, default=str).encode("ascii")
        negotiated = (
            (b"content-language", asked.language.encode("ascii")),
            (b"vary", b"accept, accept-language"),
        )
        return Response(
            body, status=error.status, media_type="application/problem+json", lines=(*negotiated, *lines)
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


def _of_raw(headers: HeaderLines, looking: Looking) -> _Asked:
    language = next((value for name, value in headers if name.lower() == b"accept-language"), None)
    return _Asked(
        None, negotiate(language), looking in ("page", "frame"), None, "/", None, looking == "frame"
    )


def _lines(error: GatewayError, identity: Identity | None) -> HeaderLines:
    if error.status in (429, 503):
        seconds = error.facts.get("retry_after", _RETRY_AFTER)
        return ((b"retry-after", _ascii(str(seconds))),)
    if isinstance(error, Forbidden) and identity is not None and identity.kind == "machine":
        return _scopes(error)
    if isinstance(error, BearerRefused):
        return ((b"www-authenticate", b'Bearer error="invalid_token"'),)
    if error.facts.get("reason") == "bearer-malformed":
        return ((b"www-authenticate", b'Bearer error="invalid_request"'),)
    if isinstance(error, LoginRequired):
        return ((b"www-authenticate", b"Bearer"),)
    if isinstance(error, MethodNotAllowed):
        allowed = error.facts.get("allow", ())
        names = [allowed] if isinstance(allowed, str) else allowed
        return ((b"allow", _ascii(", ".join(str(name) for name in names))),)
    if isinstance(error, UpgradeRequired):
        return ((b"upgrade", b"websocket"), (b"connection", b"Upgrade"), (b"sec-websocket-version", b"13"))
    return ()


def _scopes(error: Forbidden) -> HeaderLines:
    """The scopes that a token lacks (RFC 6750 section 3.1), if scopes are all that is missing."""
    lacking = [
        missing.detail
        for alternative in error.decision.alternatives
        for missing in alternative
        if missing.kind == "scope" and missing.detail
    ]
    names = " ".join(
        dict.fromkeys(name for each in lacking for name in each.split() if _SCOPE.fullmatch(name))
    )
    return (
        ((b"www-authenticate", _ascii(f'Bearer error="insufficient_scope", scope="{names}"')),)
        if names
        else ()
    )


def _ascii(text: str) -> bytes:
    return bytes(octet for octet in text.encode("ascii", "replace") if 32 <= octet < 127)
