"""How errors are told: to people in their language, to programs as problem+json."""

import inspect
import json
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from gateway import errors
from gateway.errors import (
    BearerRefused,
    ClientLimited,
    Forbidden,
    GatewayError,
    LoginFailed,
    MethodNotAllowed,
    TooManyRequests,
)
from gateway.model import ClaimFault, Decision, Identity, Language, Missing
from gateway.pages.error_response import ErrorResponses
from gateway.pipeline.authorize import refusal
from gateway.plan import Advice, Grant, LogIn, Switch, Wait
from gateway.reference import reference_of
from gateway.responses import Response
from tests.pages.conftest import GRANT, INDIENER, Asks, denial, text_of

GOLDEN = Path(__file__).parent / "golden"
ELSEWHERE = Switch("0777000187", known=True)
MORNING = datetime.fromisoformat("2026-11-24T08:00:00+01:00").timestamp()
EID = LogIn(("urn:be:eid",))
MANY = denial(
    (ELSEWHERE,),
    (Wait(MORNING),),
    (GRANT, EID),
    missing=(
        (INDIENER, Missing("assurance", "step_up", acr_values=("urn:be:eid",))),
        (Missing("network", "none"),),
    ),
)

TOO_OFTEN = Missing("rate", "wait", detail="2026-11-24T11:05:00+00:00")
LATE = datetime.fromisoformat("2026-11-24T11:04:30.5+00:00").timestamp()


def example(kind: type[GatewayError]) -> GatewayError:
    if kind is Forbidden:
        return denial((GRANT,))
    if kind is TooManyRequests:
        return refusal(
            Decision(False, "r", "too-many-requests", ((TOO_OFTEN,),)),
            LATE,
            lambda: Advice(((Wait(LATE + 30),),)),
        )
    if kind is ClientLimited:
        return ClientLimited("logins", 2.5)
    if kind is LoginFailed:
        return LoginFailed("state-expired")
    return kind()


ALL = [
    example(kind) for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, GatewayError)
]


def headers_of(answer: Response) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in answer.raw_headers}


def golden(name: str, text: str) -> None:
    path = GOLDEN / name
    assert path.exists(), f"read this, then keep it as {path}:\n{text}"
    assert text == path.read_text("utf-8")


def test_a_denial_as_data(answers: ErrorResponses, indiener: Identity, asks: Asks) -> None:
    answer = answers.error(MANY, request_id="3f2a9c1e", request=asks(navigation=False), identity=indiener)
    assert headers_of(answer)["content-type"] == "application/problem+json"
    golden("denied-many.json", json.dumps(json.loads(answer.body), indent=2, ensure_ascii=False) + "\n")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("nl", "niet gelezen kon worden"),
        ("en", "that could not be read. Rights of yours may therefore be missing"),
    ],
)
def test_a_denial_tells_which_claims_could_not_be_read(
    answers: ErrorResponses, indiener: Identity, asks: Asks, language: Language, words: str
) -> None:
    faults = (ClaimFault("ovam_rol_3d", "not-a-list"), ClaimFault("vo_email", "too-long"))
    who = replace(indiener, faults=faults)
    error = denial((GRANT,))
    page = text_of(
        answers.error(error, request_id="3f2a9c1e", request=asks(language=language), identity=who).body
    )
    assert words in page
    assert "ovam_rol_3d, vo_email" in page
    assert page.count(reference_of("3f2a9c1e")) >= 2
    asked = asks(navigation=False)
    data = json.loads(answers.error(error, request_id="r", request=asked, identity=who).body)
    assert data["unread_claims"] == [
        {"claim": "ovam_rol_3d", "fault": "not-a-list"},
        {"claim": "vo_email", "fault": "too-long"},
    ]


def test_a_denial_that_nothing_helps_against(answers: ErrorResponses, asks: Asks) -> None:
    text = text_of(answers.error(denial(), request_id="r", request=asks(language="en")).body)
    assert "there is nothing that you can do about it yourself" in text
    assert "Log in again" not in text
    assert "1700" in text


def test_programs_get_data_whatever_they_accept(answers: ErrorResponses, asks: Asks) -> None:
    program = Identity("https://acm.test/op", "machine-1", kind="machine")
    refused = answers.error(BearerRefused(), request_id="r", request=asks())
    denied = answers.error(denial(), request_id="r", request=asks(), identity=program)
    for answer in (refused, denied):
        assert headers_of(answer)["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "error",
    [error for error in ALL if not isinstance(error, BearerRefused)],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_error_has_a_page_and_a_problem(
    answers: ErrorResponses, asks: Asks, language: Language, error: GatewayError
) -> None:
    page = answers.error(error, request_id="3f2a9c1e", request=asks(language=language))
    assert page.status_code == error.status
    assert f'<html lang="{language}">' in page.body.decode()
    assert reference_of("3f2a9c1e") in page.body.decode()
    headers = headers_of(page)
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["content-language"] == language
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-length"] == str(len(page.body))
    problem = answers.error(error, request_id="3f2a9c1e", request=asks(navigation=False, language=language))
    body = json.loads(problem.body)
    assert headers_of(problem)["content-type"] == "application/problem+json"
    assert body["status"] == problem.status_code == error.status
    assert body["code"] == error.code
    assert body["type"] == f"urn:toegangspoort:problem:{error.code}"
    assert (body["request_id"], body["reference"]) == ("3f2a9c1e", reference_of("3f2a9c1e"))
    assert body["instance"] == "/organisaties/0456789034/meldingen/1"
    # The page of a denial names what was denied.
    denied = isinstance(error, Forbidden) and not isinstance(error, TooManyRequests)
    assert (denied or body["title"] in page.body.decode().replace("&#39;", "'")) and body["detail"]
    assert "private detail" not in problem.body.decode()


def test_the_private_detail_stays_private(answers: ErrorResponses, asks: Asks) -> None:
    for navigation in (True, False):
        error = errors.UpstreamUnreachable("10.1.2.3 refused")
        answer = answers.error(error, request_id="r", request=asks(navigation=navigation))
        assert b"10.1.2.3" not in answer.body


NASTY = "<script>alert(1)</script>\"'&{{7*7}}%(x)s"


def test_nothing_that_a_client_sent_becomes_markup(answers: ErrorResponses, asks: Asks) -> None:
    missing = Missing(
        "right",
        "grant",
        right=NASTY,
        context=NASTY,
        organisation=NASTY,
        detail=NASTY,
        granted_by={"nl": NASTY},
        contact={"url": "javascript:alert(1)", "phone": NASTY},
    )
    others = [
        Missing(kind, "none", detail=NASTY, label={"nl": NASTY} if labelled else {})
        for kind in ("organisation", "doelgroep", "assurance", "claim", "time", "scope", "other")
        for labelled in (True, False)
    ]
    identity = Identity("op", NASTY, NASTY)
    request = asks(path=f"/{NASTY}", raw=b"/%3Cscript%3E%22'", query=b"<script>\"'")
    decision = Decision(False, NASTY, NASTY, ((missing,), *((other,) for other in others)))
    plans = ((Grant(NASTY, NASTY, NASTY, missing),), (Switch(NASTY, NASTY),), (LogIn((NASTY,)),))
    error = Forbidden(decision, lambda: Advice(plans))
    stuck = Forbidden(decision, lambda: Advice((), tuple(others)))
    page = "".join(
        answers.error(each, request_id=NASTY, request=request, identity=identity).body.decode()
        for each in (error, stuck)
    )
    assert page.count("<script") == 2, "only our own"
    assert "javascript:" not in page
    assert "{{7*7}}" in page
    for tag in re.findall(r"<[^>]*>", page):
        assert tag.count('"') % 2 == 0
        assert "alert(" not in tag


def test_problem_json_cannot_be_broken_either(answers: ErrorResponses, asks: Asks) -> None:
    error = errors.BadRequest(NASTY, code=NASTY, shown=NASTY, status=200, type="about:evil")
    request = asks(path=f"/{NASTY}\r\n", raw=b"/x", navigation=False)
    answer = answers.error(error, request_id="a\r\nSet-Cookie: x", request=request)
    body = json.loads(answer.body)
    assert (body["status"], body["reason"], body["shown"]) == (400, NASTY, NASTY)
    assert body["type"] == "urn:toegangspoort:problem:bad-request"
    assert all(32 <= octet < 127 for _, value in answer.raw_headers for octet in value)


def test_not_logged_in(answers: ErrorResponses, asks: Asks) -> None:
    answer = answers.error(errors.LoginRequired(), request_id="r", request=asks(navigation=False))
    assert json.loads(answer.body)["login_url"] == "https://register.test/oauth2/start?rd=%2F"
    assert headers_of(answer)["www-authenticate"] == "Bearer"
    page = answers.error(errors.LoginRequired(), request_id="r", request=asks())
    back = "%2Forganisaties%2F0456789034%2Fmeldingen%2F1%3Fa%3D1%26b%3D2"
    assert f'href="/oauth2/start?rd={back}"' in page.body.decode()
    refused = answers.error(errors.BearerRefused(), request_id="r", request=asks(navigation=False))
    assert headers_of(refused)["www-authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize(
    ("referers", "back"),
    [
        ((b"https://register.test/meldingen?a=1",), "%2Fmeldingen%3Fa%3D1"),
        ((b"https://register.test",), "%2F"),
        ((b"https://register.test.evil.test/x",), "%2F"),
        ((b"https://register.test//evil.test/x",), "%2F"),
        ((b"https://register.test/\\evil.test",), "%2F"),
        ((b"http://register.test/x",), "%2F"),
        ((b"/x",), "%2F"),
        ((b"https://register.test/\xff",), "%2F"),
        ((b"https://register.test/a", b"https://register.test/b"), "%2F"),
        ((b"https://register.test/" + b"x" * 2_000,), "%2F"),
    ],
)
def test_a_background_call_goes_back_to_its_page(
    answers: ErrorResponses, asks: Asks, referers: tuple[bytes, ...], back: str
) -> None:
    headers = tuple((b"referer", value) for value in referers)
    request = asks("POST", navigation=False, headers=headers)
    problem = json.loads(answers.error(errors.LoginRequired(), request_id="r", request=request).body)
    assert problem["login_url"] == f"https://register.test/oauth2/start?rd={back}"


def test_allow_and_retry_after(answers: ErrorResponses, asks: Asks) -> None:
    wrong = answers.error(MethodNotAllowed(allow=("GET", "HEAD")), request_id="r", request=asks("POST"))
    assert headers_of(wrong)["allow"] == "GET, HEAD"
    one = answers.error(MethodNotAllowed(allow="POST"), request_id="r", request=asks())
    assert headers_of(one)["allow"] == "POST"
    busy = answers.error(errors.Overloaded(retry_after=3), request_id="r", request=asks())
    assert headers_of(busy)["retry-after"] == "3"
    assert "retry-after" not in headers_of(wrong)


def test_only_what_a_get_showed_is_offered_again(answers: ErrorResponses, asks: Asks) -> None:
    got = answers.error(errors.UpstreamTimeout(), request_id="r", request=asks()).body.decode()
    posted = answers.error(errors.UpstreamTimeout(), request_id="r", request=asks("POST")).body.decode()
    assert "Opnieuw proberen" in got
    assert "Opnieuw proberen" not in posted


def test_no_link_of_a_path_with_two_slashes_leads_to_another_site(
    answers: ErrorResponses, indiener: Identity, asks: Asks
) -> None:
    request = asks(path="//evil.test/x")
    for error in (
        errors.UpstreamTimeout(),
        errors.Overloaded(),
        denial(missing=((Missing("network", "none"),),)),
    ):
        page = answers.error(error, request_id="r", request=request, identity=indiener).body.decode()
        assert re.findall(r'(?:href|action)="(?=/[/\\])', page) == []
        assert re.search(r'href="https://[a-z.]+//evil.test/x[?]a=1&amp;b=2"', page), error.code


def test_an_error_before_there_is_a_request(answers: ErrorResponses) -> None:
    headers = [(b"Accept-Language", b"en"), (b"accept", b"text/html"), (b"accept", b"x")]
    error = errors.BadRequest("two hosts")
    page = answers.error(error, request_id="r", raw_headers=headers, viewer="page")
    assert b'<html lang="en">' in page.body
    problem = answers.error(error, request_id="r", raw_headers=headers, viewer="script")
    assert json.loads(problem.body)["title"] == "We could not open this address"
    bare = answers.error(errors.BadRequest(), request_id="r")
    assert "instance" not in json.loads(bare.body)
    assert json.loads(bare.body)["title"] == "We konden dit adres niet openen"


def test_an_error_is_told_even_when_its_page_fails(answers: ErrorResponses, asks: Asks) -> None:
    class Broken(Forbidden):
        def __getattribute__(self, name: str) -> Any:
            if name == "way_out":
                raise ZeroDivisionError
            return super().__getattribute__(name)

    broken = Broken(Decision(False, None, ""))
    answer = answers.error(broken, request_id="r", request=asks())
    assert (answer.status_code, answer.body) == (403, b"403 forbidden r\n")


def test_a_denial_for_nothing_but_a_limit_says_when_there_is_room(
    answers: ErrorResponses, asks: Asks
) -> None:
    error = refusal(Decision(False, "r", "too-many-requests", ((TOO_OFTEN,),)), LATE)
    answer = answers.error(error, request_id="x" * 32, request=asks())
    assert (answer.status_code, headers_of(answer)["retry-after"]) == (429, "30")
    assert type(refusal(Decision(False, "r", "x", ((TOO_OFTEN, INDIENER),)), LATE)) is Forbidden
    assert type(refusal(Decision(False, "r", "x", ()), LATE)) is Forbidden


def test_pages_of_this_site_may_show_an_error_in_a_frame(answers: ErrorResponses, asks: Asks) -> None:
    passed_on = ((b"sec-fetch-dest", b"empty"),)
    for request in (asks(viewer="frame"), asks("POST", viewer="frame"), asks(headers=passed_on)):
        page = headers_of(answers.error(errors.Blocked(), request_id="r", request=request))
        assert "frame-ancestors 'self'" in page["content-security-policy"]
        assert page["x-frame-options"] == "SAMEORIGIN"
    early = answers.error(errors.ContentTooLarge(), request_id="r", viewer="frame")
    assert headers_of(early)["x-frame-options"] == "SAMEORIGIN"


def test_links_lead_out_of_a_frame_to_the_page_around_it(answers: ErrorResponses, asks: Asks) -> None:
    def shown(error: errors.GatewayError, *headers: tuple[bytes, bytes]) -> str:
        request = asks(viewer="frame", headers=headers)
        return bytes(answers.error(error, request_id="r", request=request).body).decode()

    around = (b"referer", b"https://register.test/kaders")
    assert '<base target="_top">' in shown(errors.LoginRequired())
    assert 'href="/oauth2/start?rd=%2Fkaders"' in shown(errors.LoginRequired(), around)
    own = shown(errors.LoginRequired(), (b"referer", b"https://elsewhere.test/"))
    assert 'href="/oauth2/start?rd=%2Forganisaties%2F0456789034%2Fmeldingen%2F1%3Fa%3D1%26b%3D2"' in own
    again = 'href="/organisaties/0456789034/meldingen/1?a=1&amp;b=2" target="_self"'
    assert again in shown(errors.UpstreamTimeout(), around)
