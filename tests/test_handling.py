"""Redirects, header changes and where requests go."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.handling import PLAIN, Cors, Destination, Handling, HeaderChanges, RedirectTo, destination_change
from gateway.policy.handling_settings import RedirectSettings

UPSTREAM, OTHER = Destination("upstream default", True), Destination("upstream x", True)
REDIRECT = Destination("a redirect to /x (302)", False)


def redirect(to: str) -> RedirectTo:
    return RedirectSettings.model_validate({"to": to}).compiled()


@pytest.mark.parametrize(
    ("to", "variables", "location"),
    [
        ("/new", {}, "/new"),
        ("/new/{kbo}/x?id={kbo}", {"kbo": "0428"}, "/new/0428/x?id=0428"),
        ("https://other.test/{a}", {"a": "é b?c#d"}, "https://other.test/%C3%A9%20b%3Fc%23d"),
        ("/{a}", {"a": "/evil.test"}, "/%2Fevil.test"),
        ("/{a}", {"a": "\\evil.test"}, "/%5Cevil.test"),
        ("/{a}{b}", {"b": "/evil.test"}, "/%2Fevil.test"),
        ("/x/{rest}", {"rest": "a/b"}, "/x/a/b"),
    ],
)
def test_a_location(to: str, variables: dict[str, str], location: str) -> None:
    assert redirect(to)(variables).location == location
    assert redirect(to).text == to


@pytest.mark.parametrize(
    "to", ["/{a}", "/{a}{b}", "/x{a}", "/x/{a}?b={b}", "https://gw.test/{a}", "https://gw.test/{a}{b}"]
)
@given(st.text("/\\@:.%?#e ", max_size=6), st.text("/\\@:.%?#e ", max_size=6))
def test_no_value_leads_to_another_host(to: str, a: str, b: str) -> None:
    location = redirect(to)({"a": a, "b": b}).location
    assert location.isascii()
    assert urlsplit(urljoin("https://gw.test/here", location.replace("\\", "/"))).netloc == "gw.test"


def test_header_changes() -> None:
    changes = HeaderChanges(((b"x-a", b"1"),), frozenset((b"x-b",)))
    lines = [(b"x-a", b"0"), (b"x-b", b"0"), (b"x-c", b"0"), (b"x-a", b"9")]
    assert changes(lines) == [(b"x-c", b"0"), (b"x-a", b"1")]
    assert changes.to_data() == {"set": {"x-a": "1"}, "remove": ["x-b"]}


@pytest.mark.parametrize(
    ("before", "after", "how"),
    [
        (None, None, None),
        (UPSTREAM, UPSTREAM, None),
        (None, UPSTREAM, "newly_allowed"),
        (REDIRECT, UPSTREAM, "newly_allowed"),
        (UPSTREAM, None, "newly_denied"),
        (UPSTREAM, REDIRECT, "elsewhere"),
        (UPSTREAM, OTHER, "elsewhere"),
        (None, REDIRECT, "elsewhere"),
        (REDIRECT, None, "elsewhere"),
    ],
)
def test_a_change(before: Destination | None, after: Destination | None, how: str | None) -> None:
    assert destination_change(before, after) == how


def test_what_differs_as_data() -> None:
    assert PLAIN.to_data() == {}
    assert Handling("x", timeout=2.0).to_data() == {"upstream": "x", "timeout": 2.0}
    assert Handling(redirect=redirect("/x")).to_data() == {"redirect": {"to": "/x", "status": 302}}
    assert Handling(cors=Cors(None)).to_data()["cors"]["origins"] == "*"
