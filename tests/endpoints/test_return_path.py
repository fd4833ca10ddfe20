"""Where a browser may be sent back to: the corpus of return-to values, and every path of this site."""

from __future__ import annotations

import re
import sys
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.endpoints.return_path import path_on, safe_target
from tests.auth.scripted_provider import ScriptedProvider
from tests.cases.runners import REDIRECT, meaning, runs
from tests.gateway_fixture import Browser, GatewayFixture, StillClock, whole_gateway

OWN = "https://gw.test"
# A path of this site in its one canonical form, which every parser of addresses reads as such.
CANONICAL = re.compile(r"/(?!/)[!-\[\]-~]*|/(?!/)[!-\[\]-~]*[?#][!-~]*")


def wanted(case: dict[str, Any]) -> str:
    """Where a value leads that a case accepts.

    Paths of this site only are returned to, and only in their canonical form: other sites, and paths with an empty
    segment (ambiguous at the edge), end at "/". See docs/security/deviations.md.
    """
    parts = urlsplit(case["value"])
    if case.get("browser_origin", OWN) != OWN or "//" in parts.path:
        return "/"
    return parts._replace(scheme="", netloc="").geturl()


def make_whole(folder: Path, op: ScriptedProvider, clock: StillClock) -> Any:
    return whole_gateway(folder, op, clock, public_url=OWN)


def through_login(browser: Browser, query: str, **headers: str) -> str | None:
    """Where a login with this query ends; None where it is refused."""
    begun = browser.page(f"/oauth2/start?{query}", **headers)
    if begun.status_code == 400:
        return None
    assert begun.headers["location"].startswith("http://localhost:"), "to the provider, whatever is asked"
    return str(browser.page(browser.at_provider(begun), **headers).headers["location"])


def through_logout(browser: Browser, query: str) -> str | None:
    """Where a logout ends."""
    browser.log_in()
    away = browser.page(f"/oauth2/sign_out?{query}")
    if away.status_code == 400:
        return None
    state = parse_qs(urlsplit(away.headers["location"]).query)["state"][0]
    return str(browser.page(f"/oauth2/logout/callback?state={state}").headers["location"])


# The parameter that a value comes in, where it isn't `rd` of a login.
PARAMETERS: dict[str, Callable[[Browser, str], str | None]] = {
    "post_logout return": lambda browser, value: through_logout(browser, f"rd={value}"),
    "target_link_uri": lambda browser, value: through_login(browser, f"target_link_uri={value}"),
    "iss": lambda browser, value: through_login(browser, f"iss={value}"),
}


def led(browser: Browser, case: dict[str, Any]) -> str | None:
    """Where the case's request leads in the end; None where it is refused."""
    if "request_target" in case:
        assert safe_target(case["request_target"]) == "/"
        answer = browser.go(case["request_target"])
        assert answer.status_code == 400
        return answer.headers.get("location")
    if "header" in case:
        name, value = case["header"]
        if name.lower() == "host":
            answer = browser.page("/echo", host=value)
            assert answer.status_code == 400
            return answer.headers.get("location")
        return through_login(browser, "rd=/ok", **{name: value})
    value = quote(case["value"].encode("utf-8", "surrogatepass"), safe="")
    if "param" in case:
        return meaning(PARAMETERS, case["param"])(browser, value)
    return through_login(browser, case.get("raw_query", f"rd={value}"))


@runs(
    REDIRECT,
    fields=("value", "expected", "browser_origin", "raw_query", "header", "param", "request_target"),
)
def test_redirect_cases(whole: GatewayFixture, case: dict[str, Any]) -> None:
    target = led(whole.browser(), case)
    assert target is None or CANONICAL.fullmatch(target), "the browser stays, whatever it makes of this"
    nowhere = ("/", None)
    accepted: dict[str, Callable[[], tuple[str | None, ...]]] = {
        "accept": lambda: (wanted(case),),
        "ignored": lambda: ("/ok" if "header" in case else "/",),
        "reject": lambda: nowhere,
        "reject_or_same_origin": lambda: nowhere,
        "either": lambda: nowhere,
    }
    assert target in meaning(accepted, case["expected"])()
    if not case.keys() & {"raw_query", "header", "param", "request_target"}:
        assert safe_target(path_on(OWN, case["value"])) == (target or "/")


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
        "",
        "?a",
        "#a",
        "/" + "a" * 40_000,
    ],
)
def test_refused(value: str) -> None:
    assert safe_target(value) == "/"


@pytest.mark.parametrize(
    "value",
    [
        "/oauth2-guide",
        "/a;v=1/b",
        "/a?next=/oauth2/start",
        "/a%20b?q=%26#top",
        "/x?pad=C:\\map",
        "/x?q=a|b^{}`\"<>[]'",
        "/x?q=caf%C3%A9#/details/5",
        "/x#a\\b#c",
        "/" + "a" * 30_000,
    ],
)
def test_kept(value: str) -> None:
    assert safe_target(value) == value


def test_a_fragment_that_does_not_pass_is_left_out() -> None:
    assert safe_target("/a?b=1#\x00") == "/a?b=1"
    assert safe_target("/a?b=1#\u00e9") == "/a?b=1"


@given(st.text(st.sampled_from("/\\?#%@:.ae\t\n\u2215\uff0f25fc "), max_size=24))
def test_whatever_is_made_of_the_signs_of_addresses_the_browser_stays(value: str) -> None:
    """As browsers read it: backslashes before the query are slashes, tabs and line ends are nothing (WHATWG URL 4.4)."""
    target = safe_target(value)
    assert re.fullmatch(r"/(?![/\\])[!-~]*", target)
    end = min((target.index(mark) for mark in "?#" if mark in target), default=len(target))
    assert "\\" not in target[:end]


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


def test_each_sign_that_folds_to_a_separator_or_dots_leads_nowhere() -> None:
    """Paths are not folded, as that may take long: the signs that matter are known by themselves."""
    for sign in map(chr, range(0x80, sys.maxunicode + 1)):
        folded = unicodedata.normalize("NFKC", sign)
        if folded == sign or "\ud800" <= sign <= "\udfff":
            continue
        for text in (
            f"/a/{sign}/b",
            f"/{sign}/evil.test",
            f"/a/{sign}./b",
            f"/{sign}auth2/start",
            f"/oauth{sign}",
        ):
            read = unicodedata.normalize("NFKC", text)
            parts = read.split("/")
            trap = (
                "\\" in read or "//" in read or "." in parts or ".." in parts or parts[1].lower() == "oauth2"
            )
            assert safe_target(quote(text)) == ("/" if trap else quote(text)), hex(ord(sign))


@pytest.mark.parametrize("sign", ["%CC%95%CC%81", "%EF%B7%BA", "%25", "%2525", "%E2%80%A6", "%252F", "a/"])
def test_a_long_target_takes_no_long_time(sign: str) -> None:
    begun = time.process_time()
    for _ in range(10):
        safe_target("/a" + sign * (32_000 // len(sign)))
    assert time.process_time() - begun < 0.5
