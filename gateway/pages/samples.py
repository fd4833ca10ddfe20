"""Every kind of page with sample values: for checking templates of an operator's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, get_args

from gateway import errors
from gateway.http_semantics import Forwarded
from gateway.model import (
    CanonicalRequest,
    ClaimFault,
    Decision,
    Identity,
    Language,
    Missing,
    Organisation,
    Right,
)
from gateway.pages.access import Lasting, MyAccess
from gateway.pages.error_response import ErrorResponses
from gateway.pages.login_failures import LOGIN_FAILURES
from gateway.pages.outcome import NO_OUTCOME, KeptNote, RequestOutcome
from gateway.pages.render import Pages
from gateway.pages.screens import Screens, WhyNotKept
from gateway.plan import Advice, Grant, LogIn, RuleAccess, Switch, Wait
from gateway.responses import Response

Make = Callable[[], Response]
_NOW: Final = 1_795_900_000.0
_SITE: Final = "https://register.example.be"
_ID: Final = "3f2a9c1e5b7d4c6f"
_PATH: Final = "/organisaties/0456789034/meldingen/1"
_ELSEWHERE: Final = "0777000187"
_PERSON: Final = Identity(
    issuer="op",
    subject="f3a1c9",
    given_name="Zoë",
    family_name="Peeters",
    doelgroep="EA",
    organisation=Organisation("0456789034", "Containerdienst Peeters nv"),
    rights=(Right("OVAMGebruiker", "Bodemdossiers", "0456789034"),),
)
_KEPT: Final = KeptNote(
    "/oauth2/resume?form=x", _NOW, "Containerdienst Peeters nv (0456.789.034)", "/oauth2/switch"
)
_MISSING: Final = Missing(
    "right",
    "grant",
    "OVAMGebruiker",
    "NonConformiteitenIndiener",
    "0456789034",
    contact={"phone": "+32 2 123 45 67", "url": "https://register.example.be/rechten"},
)
_GRANT: Final = Grant("OVAMGebruiker", "NonConformiteitenIndiener", "0456789034", _MISSING)
_GRANT_THERE: Final = replace(_GRANT, organisation=None, missing=replace(_MISSING, organisation=None))
_EID: Final = ("urn:be:eid",)
_LATER: Final = "2026-11-29T03:00:00+01:00"

# By name: what helps, or what is in the way.
_DENIALS: Final[Mapping[str, Advice]] = {
    "nothing-helps": Advice(),
    "right": Advice(((_GRANT,),)),
    "right-elsewhere": Advice(((Switch(_ELSEWHERE, "EA", known=True),), (_GRANT, LogIn(_EID)))),
    "organisation": Advice(((Switch(_ELSEWHERE, "EA"),),)),
    "doelgroep": Advice(((_GRANT_THERE, Switch(doelgroep="GID")),)),
    "assurance": Advice(((LogIn(_EID),),)),
    "login": Advice(((LogIn(),),)),
    "wait": Advice(((Wait(_NOW),),)),
    "claim": Advice(obstacles=(Missing("claim", "none", detail="function"),)),
    "network": Advice(obstacles=(Missing("network", "none"),)),
    "binding": Advice(obstacles=(Missing("binding", "none"),)),
    "hours": Advice(obstacles=(Missing("time", "wait", detail="8-17"),)),
    "over": Advice(obstacles=(Missing("time", "none", detail="2026-11-20"),)),
    "scope": Advice(obstacles=(Missing("scope", "none", detail="ncr:read"),)),
    "rate": Advice(obstacles=(Missing("rate", "wait", detail=_LATER), Missing("network", "none"))),
    "other": Advice(obstacles=(Missing("other", "none", detail="x"),)),
}


@dataclass(frozen=True, slots=True)
class _Session:
    """A session of the sample person on another device."""

    id: str
    device: str | None
    created_at: float
    seen_at: float


_LASTING: Final = Lasting(_NOW, 1_800.0, (_Session("4C25-38B9", "Firefox/Windows", _NOW, _NOW),))


def every_page(pages: Pages, language: Language) -> Iterator[tuple[str, Make]]:
    """The name of each kind of page, and what makes one."""
    answers = ErrorResponses(pages, public_url=_SITE, clock=lambda: _NOW, strict=True)
    request = _request(language)

    def page(
        error: errors.GatewayError,
        asked: CanonicalRequest = request,
        who: Identity = _PERSON,
        outcome: RequestOutcome = NO_OUTCOME,
    ) -> Response:
        return answers.error(error, request_id=_ID, request=asked, identity=who, outcome=outcome)

    for kind in _plain_kinds(errors.GatewayError):
        yield kind.code, partial(page, kind())
    said = errors.UnderMaintenance({"nl": "Het register krijgt een nieuwe versie."}, _NOW)
    yield "maintenance-until", partial(page, said)
    posted = request._replace(method="POST")
    for forwarded in get_args(Forwarded):
        for name, kept in (("", None), ("-kept", _KEPT)):
            outcome = RequestOutcome(forwarded, kept)
            yield (
                f"failed-form-{forwarded}{name}",
                partial(page, errors.UpstreamUnreachable(), posted, outcome=outcome),
            )
    yield "client-limited", partial(page, errors.ClientLimited("logins", 300.0))
    yield "client-limited-soon", partial(page, errors.ClientLimited("logins", 12.0))
    for reason in dict.fromkeys((*LOGIN_FAILURES, "unheard-of")):
        yield f"login-failed-{reason}", partial(page, errors.LoginFailed(reason))
    yield "login-failed-clock", partial(page, errors.LoginFailed("clock-skew", seconds=7_200))
    yield "login-stopped", partial(page, errors.LoginFailed("loop", cause="cookie-missing", rounds=3))
    for name, advice in _DENIALS.items():
        yield f"denied-{name}", partial(page, _denial(advice))
    limited = Decision(False, "rule", "too-many-requests", ((Missing("rate", "wait", detail=_LATER),),))
    yield "too-many-requests", partial(page, errors.TooManyRequests(limited, 40))
    misread = replace(_PERSON, faults=(ClaimFault("ovam_rol_3d", "not-a-list"),))
    yield "denied-unread", partial(page, _denial(_DENIALS["right"]), who=misread)
    weak, methods = _denial(_DENIALS["assurance"]), _EID
    yield (
        "step-up",
        partial(answers.step_up, weak, methods, request_id=_ID, request=request, identity=_PERSON),
    )
    yield from _screens(Screens(pages, public_url=_SITE), language)
    yield from _access(MyAccess(pages, public_url=_SITE), language)


def _denial(advice: Advice) -> errors.Forbidden:
    return errors.Forbidden(Decision(False, "rule", "denied"), lambda: advice)


def _screens(screens: Screens, language: Language) -> Iterator[tuple[str, Make]]:
    out = partial(screens.logged_out, language, request_id=_ID)
    yield "logged-out", partial(out, everywhere=False)
    yield "logged-out-everywhere", partial(out, everywhere=True)
    yield (
        "confirm",
        partial(
            screens.confirm_resubmit,
            language,
            what="Een melding",
            action=_PATH,
            fields={"token": "x"},
            until=_NOW,
            name=_PERSON.name,
            organisation="Containerdienst Peeters nv (0456.789.034)",
            request_id=_ID,
        ),
    )
    yield from _forms(screens, _request(language)._replace(method="POST"))
    yield "address-lost", partial(screens.address_lost, language, request_id=_ID)


def _access(access: MyAccess, language: Language) -> Iterator[tuple[str, Make]]:
    reach = [
        RuleAccess(f"rule-{name}", "/a/**", _denial(advice).decision, advice=advice)
        for name, advice in _DENIALS.items()
    ]
    allowed = Decision(True, "open", "anyone")
    reach.append(RuleAccess("open", "/b/**", allowed, ("GET",), until=_NOW, checked_again=True))
    page = partial(access.page, language, reach=reach, lasting=_LASTING, request_id=_ID)
    yield "access", partial(page, identity=_PERSON)
    yield "access-details", partial(page, identity=_PERSON, details=True)
    yield "access-nothing", partial(page, identity=Identity("op", "f3a1c9"), reach=())


def _forms(screens: Screens, request: CanonicalRequest) -> Iterator[tuple[str, Make]]:
    waits = partial(
        screens.form_waits,
        request.language,
        what="Een melding",
        note=_KEPT,
        name=_PERSON.name,
        organisation=_KEPT.organisation,
        request_id=_ID,
    )
    yield "form-waits", waits
    yield "form-waits-stronger", partial(waits, acr_values=_EID)
    for reason in get_args(WhyNotKept):
        not_kept = partial(screens.form_not_kept, request, reason=reason, limit=10_485_760, request_id=_ID)
        yield f"form-not-kept-{reason}", not_kept


def _plain_kinds(kind: type[errors.GatewayError]) -> Iterator[type[errors.GatewayError]]:
    """Every kind of error that needs nothing to be made."""
    for each in kind.__subclasses__():
        yield from _plain_kinds(each)
    special = errors.Forbidden | errors.ClientLimited | errors.LoginFailed
    if kind.__module__ == errors.__name__ and not issubclass(kind, special):
        yield kind


def _request(language: Language) -> CanonicalRequest:
    return CanonicalRequest(
        id=_ID,
        method="GET",
        scheme="https",
        host="register.example.be",
        path=_PATH,
        segments=tuple(_PATH.split("/")[1:]),
        target=_PATH.encode("ascii"),
        headers=(),
        cookies={},
        client="192.0.2.1",
        viewer="page",
        language=language,
    )
