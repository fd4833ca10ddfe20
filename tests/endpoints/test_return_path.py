"""Where a browser may be sent back to: the corpus of return-to values, and every path of this site."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.endpoints.return_path import path_on, safe_target
from tests.cases.load import load
from tests.gateway_fixture import PAGE, GatewayFixture

CASES = load("redirect-cases.json")
OWN = "https://gw.test"
# Only paths of the gateway's own site are ever returned to, and only in their one canonical form: other sites, and
# paths with an empty segment (which the edge refuses as ambiguous) end at "/". See docs/security/deviations.md.
NARROWER = {"ok-09", "ok-14", "ok-15"}


def wanted(case: dict[str, Any]) -> str:
    """Where a case must lead."""
    if case["expected"] != "accept" or case["id"] in NARROWER:
        return "/"
    parts = urlsplit(case["value"])
    return parts._replace(scheme="", netloc="").geturl() if parts.scheme else str(case["value"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_return_values(case: dict[str, Any]) -> None:
    assert safe_target(path_on(OWN, case["value"])) == wanted(case)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_return_values_through_a_whole_login(whole: GatewayFixture, case: dict[str, Any]) -> None:
    value = case["value"]
    if case["expected"] == "accept":
        value = value.replace(OWN, whole.url).replace(
            "https://GW.test", whole.url.replace("localhost", "LOCALHOST")
        )
    visitor = whole.browser()
    begun = visitor.go(f"/oauth2/start?rd={quote(value.encode('utf-8', 'surrogatepass'), safe='')}")
    if begun.status_code == 400:
        assert case["expected"] != "accept"
        return
    back = visitor.go(visitor.at_provider(begun))
    expected = wanted(case)
    if case["id"] == "ok-12":  # the test's own host has a port that is no default one
        expected = "/"
    assert back.headers["location"] == expected


@pytest.mark.parametrize("case", [case for case in CASES if "request_target" in case], ids=lambda c: c["id"])
def test_request_targets(whole: GatewayFixture, case: dict[str, Any]) -> None:
    assert safe_target(case["request_target"]) == "/"
    answer = whole.browser().go(case["request_target"])
    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_a_header_says_nothing_about_the_way_back(whole: GatewayFixture) -> None:
    (case,) = [case for case in CASES if case["id"] == "param-header"]
    name, value = case["header"]
    visitor = whole.browser()
    begun = visitor.go("/oauth2/start?rd=/ok", headers={**PAGE, name: value})
    back = visitor.go(visitor.at_provider(begun), headers={**PAGE, name: value})
    assert back.headers["location"] == "/ok"


@pytest.mark.parametrize(
    "value",
    [
        "/oauth2/start",
        "/oauth2/sign_out?x=1",
        "/%6fauth2/start",
        "/OAuth2/start",
        "/oauth2",
        "/a/%2e%2e/b",
        "/a/%252e%252e/b",
        "/%25252525252fevil.test",
        "/a%00",
        "/é",
        "/a?b=é",
        "/a?b=\r\nSet-Cookie: x=y",
        "/a#\x00",
        "",
        "?a",
        "#a",
        "/" + "a" * 5_000,
    ],
)
def test_refused(value: str) -> None:
    assert safe_target(value) == "/"


@pytest.mark.parametrize("value", ["/oauth2-guide", "/a;v=1/b", "/a?next=/oauth2/start", "/a%20b?q=%26#top"])
def test_kept(value: str) -> None:
    assert safe_target(value) == value


@given(st.text(max_size=60))
def test_whatever_comes_in_the_browser_stays(value: str) -> None:
    parts = urlsplit(urljoin("https://gw.test/oauth2/callback", safe_target(value)))

    assert (parts.scheme, parts.netloc) == ("https", "gw.test")


@given(
    st.lists(st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1), min_size=1, max_size=4)
)
def test_ordinary_paths_are_kept(segments: list[str]) -> None:
    value = "/report/" + "/".join(quote(segment, safe="") for segment in segments)

    assert safe_target(value) == value
