"""Where pages lead to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.model import CanonicalRequest
from gateway.pages.links import link_to, login_url, page_of, quoted_back, switch_url


def test_a_login_comes_back() -> None:
    assert login_url("/a?b=1&c") == "/oauth2/start?rd=%2Fa%3Fb%3D1%26c"
    assert login_url("/", ["urn:x", "urn:y&z"]) == "/oauth2/start?rd=%2F&acr_values=urn%3Ax+urn%3Ay%26z"


@pytest.mark.parametrize("link", [login_url, switch_url])
def test_a_page_that_is_too_long_for_an_address_in_an_address_is_not_come_back_to(
    link: Callable[[str], str],
) -> None:
    assert link("/" + "a" * 5_000).endswith("a")
    assert link("/" + "a" * 8_000).endswith("?rd=%2F")
    assert link("/" + '"' * 2_600).endswith("?rd=%2F")


def test_a_link_stays_on_this_site() -> None:
    assert link_to("/a//b?c=//d", "https://gw.test") == "/a//b?c=//d"
    assert link_to("//a/b", "https://gw.test") == "https://gw.test//a/b"


def test_a_switch_names_the_identity_where_it_is_known() -> None:
    assert switch_url("/a", organisation=None, doelgroep="EA") == "/oauth2/switch?rd=%2Fa"
    assert (
        switch_url("/a", organisation="0428315871", doelgroep="EA")
        == "/oauth2/switch?rd=%2Fa&doelgroep=EA&organisation=0428315871"
    )


@pytest.mark.parametrize(
    ("referer", "page"),
    [
        (b"https://gw.test/a?b=1", "/a?b=1"),
        (b"https://gw.test", None),
        (b"https://gw.test.evil/a", None),
        (b"https://gw.test//evil.test", None),
        (b"https://gw.test/\\evil", None),
        (b"https://gw.test/" + b"a" * 2_000, None),
        (b"https://gw.test/\xe9", None),
    ],
)
def test_the_page_that_asked_is_one_of_this_site(referer: bytes, page: str | None) -> None:
    headers = ((b"referer", referer),)
    request = CanonicalRequest(
        "r", "POST", "https", "gw.test", "/x", ("x",), b"/x", headers, {}, "127.0.0.1", "script", "nl"
    )
    assert page_of(request, "https://gw.test") == page
    assert page_of(request._replace(headers=()), "https://gw.test") is None


def test_only_what_fits_is_quoted() -> None:
    assert quoted_back("/a?b") == "%2Fa%3Fb"
    assert quoted_back("/" + "a" * 7_498) is None
    assert quoted_back("/" * 1_000_000) is None
