"""Answers to the Ajax calls of Faces pages, as their scripts read them."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest

from gateway.errors import Blocked, GatewayError, LoginRequired, ReauthenticationRequired, StoreUnavailable
from gateway.pages.error_response import ErrorResponses
from gateway.pages.faces import is_partial_request, partial_redirect
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


@pytest.mark.parametrize("error", [Blocked(), StoreUnavailable()])
def test_where_a_login_does_not_help_the_status_stays(
    asks: Asks, answers: ErrorResponses, error: GatewayError
) -> None:
    request = asks("POST", navigation=False, headers=(PARTIAL, PAGE))
    answer = answers.error(error, request_id="id", request=request)
    assert answer.status_code == error.status
    assert answer.headers["content-type"] == "application/problem+json"
