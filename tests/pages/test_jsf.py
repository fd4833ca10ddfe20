"""Answers to the Ajax calls of Faces pages, as their scripts read them."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest

from gateway.errors import (
    Blocked,
    Forbidden,
    GatewayError,
    LoginRequired,
    ReauthenticationRequired,
    StoreUnavailable,
    UpstreamTimeout,
)
from gateway.model import Decision
from gateway.pages.error_response import ErrorResponses
from gateway.pages.jsf import REFUSED, is_partial_request, partial_redirect, refused_call
from tests.pages.conftest import Asks

PAGE = (b"referer", b"https://register.test/lijst.xhtml?a=1&b=%22")
PARTIAL = (b"faces-request", b"partial/ajax")


@pytest.mark.parametrize(
    ("headers", "partial"),
    [
        ((PARTIAL,), True),
        (((b"faces-request", b"Partial/Ajax "),), True),
        (((b"faces-request", b"partial/process"),), False),
        (((b"x-requested-with", b"XMLHttpRequest"),), False),
        ((), False),
    ],
)
def test_the_header_of_faces_makes_a_partial_request(
    asks: Asks, headers: tuple[tuple[bytes, bytes], ...], partial: bool
) -> None:
    assert is_partial_request(asks("POST", headers=headers)) is partial


def test_an_address_cannot_break_out_of_the_document() -> None:
    location = "/oauth2/start?rd=/a&b=\"'><x>é"
    (redirect,) = ET.fromstring(bytes(partial_redirect(location).body))
    assert redirect.get("url") == location


@pytest.mark.parametrize("error", [LoginRequired(), ReauthenticationRequired()])
def test_a_page_whose_session_ended_is_led_to_the_login(
    asks: Asks, answers: ErrorResponses, error: GatewayError
) -> None:
    request = asks("POST", navigation=False, headers=(PARTIAL, PAGE))
    answer = answers.error(error, request_id="id", request=request)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert "www-authenticate" not in answer.headers
    root = ET.fromstring(bytes(answer.body))
    assert root.tag == "partial-response"
    (redirect,) = root
    start = urlsplit(redirect.get("url") or "")
    assert (redirect.tag, start.path) == ("redirect", "/oauth2/start")
    assert parse_qs(start.query) == {"rd": ["/lijst.xhtml?a=1&b=%22"]}


def test_without_a_referer_the_page_is_the_address_itself(asks: Asks, answers: ErrorResponses) -> None:
    error = LoginRequired("", acr_values=("urn:eid",))
    request = asks("POST", "/lijst.xhtml", navigation=False, headers=(PARTIAL,))
    answer = answers.error(error, request_id="id", request=request)
    (redirect,) = ET.fromstring(bytes(answer.body))
    query = parse_qs(urlsplit(redirect.get("url") or "").query)
    assert query == {"rd": ["/lijst.xhtml?a=1&b=2"], "acr_values": ["urn:eid"]}


@pytest.mark.parametrize("error", [Blocked(), Forbidden(Decision(False, "r", "no right"))])
def test_a_call_that_is_refused_leads_to_a_page_that_says_why(
    asks: Asks, answers: ErrorResponses, error: GatewayError
) -> None:
    request = asks("POST", "/lijst.xhtml", navigation=False, headers=(PARTIAL, PAGE))
    (redirect,) = ET.fromstring(bytes(answers.error(error, request_id="id", request=request).body))
    there = urlsplit(redirect.get("url") or "")
    assert there.path == REFUSED
    assert refused_call(there.query.encode()) == ("POST", b"/lijst.xhtml?a=1&b=2")
    long = asks("POST", "/lijst.xhtml", query=b"a" * 4_000, navigation=False, headers=(PARTIAL, PAGE))
    assert answers.error(error, request_id="id", request=long).status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        None,
        b"",
        b"method=GET",
        b"method=GET&target=x",
        b"method=A&method=B&target=/",
        b"method=GET&target=/" + b"&a" * 2_000,
    ],
)
def test_other_queries_are_about_no_call(query: bytes | None) -> None:
    assert refused_call(query) is None


@pytest.mark.parametrize("error", [UpstreamTimeout(), StoreUnavailable()])
def test_where_trying_again_may_help_the_page_stays(
    asks: Asks, answers: ErrorResponses, error: GatewayError
) -> None:
    request = asks("POST", navigation=False, headers=(PARTIAL, PAGE))
    answer = answers.error(error, request_id="id", request=request)
    assert answer.status_code == error.status
    assert answer.headers["content-type"] == "application/problem+json"
