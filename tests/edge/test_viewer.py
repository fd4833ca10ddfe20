"""Who sees the answer: what the engines really send, what libraries add, and what nobody sends."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gateway.edge.viewer import viewer_of_lines
from tests.cases.engines import ENGINES, EngineCase

HTML = ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
NAVIGATE, EMPTY = ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "empty")
UPGRADE = ("Upgrade-Insecure-Requests", "1")


def looks(*headers: Sequence[str]) -> str:
    return viewer_of_lines([(name.encode(), value.encode()) for name, value in headers])


@pytest.mark.parametrize("case", ENGINES, ids=lambda case: case.id)
def test_what_the_engines_send(case: EngineCase) -> None:
    found = looks(*case.headers)
    assert (
        found in {"redirect": ("page",), "page": ("page", "frame"), "data": ("script", "ahead")}[case.outcome]
    )
    if "prefetch" in case.id:
        assert found == "ahead"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Requested-With", "XMLHttpRequest"),
        ("X-Requested-With", "swup"),
        ("X-MicrosoftAjax", "Delta=true"),
        ("HX-Request", "true"),
        ("Turbo-Frame", "lijst"),
        ("X-Turbo-Request-Id", "1"),
        ("X-Up-Version", "3.8.0"),
        ("X-Up-Target", "#lijst"),
        ("X-PJAX", "true"),
        ("Faces-Request", "partial/ajax"),
        ("Wicket-Ajax", "true"),
        ("X-Inertia", "true"),
    ],
)
def test_libraries_name_their_requests(name: str, value: str) -> None:
    assert looks(HTML) == "page"
    assert looks(HTML, (name, value)) == "script"
    assert looks((name, value), HTML, UPGRADE, NAVIGATE, ("Sec-Fetch-Dest", "document")) == "script"


def test_an_android_app_names_itself_in_navigations() -> None:
    assert looks(HTML, ("X-Requested-With", "be.vlaanderen.app")) == "page"
    assert (
        looks(HTML, ("X-Requested-With", "be.vlaanderen.app"), NAVIGATE, ("Sec-Fetch-Dest", "iframe"))
        == "frame"
    )
    assert looks(HTML, ("X-Requested-With", "be.vlaanderen.app"), ("HX-Request", "true")) == "script"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Sec-Purpose", "prefetch"),
        ("Sec-Purpose", "prefetch;prerender"),
        ("Sec-Purpose", "prefetch;anonymous-client-ip"),
        ("Purpose", "prefetch"),
        ("X-Purpose", "preview"),
        ("X-Moz", "Prefetch"),
        ("X-Sec-Purpose", "prefetch"),
        ("Sec-Purpose", "prerender"),
    ],
)
def test_looking_ahead(name: str, value: str) -> None:
    assert looks(HTML, NAVIGATE, ("Sec-Fetch-Dest", "document"), UPGRADE, (name, value)) == "ahead"
    assert looks(HTML, (name, "audit"), (name, value)) == "ahead"
    assert looks(HTML, (name, "audit")) == "page"


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        ("text/html", "page"),
        ("TEXT/HTML;charset=utf-8", "page"),
        ("application/json, text/html;q=0.5", "script"),
        ("application/json;q=0.5, text/html", "page"),
        ("application/json, text/html", "script"),
        ("text/html, application/json", "page"),
        ("application/problem+json, text/html ; q=0.9", "script"),
        ("text/html;q=0", "script"),
        ("text/html;q=0.000, */*", "script"),
        ("text/html;q=x", "script"),
        ("*/*", "script"),
        ("", "script"),
    ],
)
def test_an_older_browser_is_known_by_what_it_accepts(accept: str, found: str) -> None:
    assert looks(("Accept", accept)) == found


def test_of_a_very_long_accept_the_begin_is_looked_at() -> None:
    long = "," * 30_000
    assert looks(("Accept", f"application/json;q=0.5, text/html{long}")) == "page"
    assert looks(("Accept", f"application/json{long}, text/html")) == "script"


def test_only_forms_are_sent_by_a_person() -> None:
    for kind in ("application/x-www-form-urlencoded", "Multipart/Form-Data; boundary=x", "text/plain"):
        assert looks(HTML, ("Content-Type", kind)) == "page"
    for kind in ("application/json", "application/xml", ""):
        assert looks(HTML, ("Content-Type", kind)) == "script"


def test_destinations() -> None:
    assert looks(NAVIGATE) == "page"
    assert looks(NAVIGATE, ("Sec-Fetch-Dest", "fencedframe")) == "frame"
    assert looks(NAVIGATE, ("Sec-Fetch-Dest", "something-new")) == "frame"
    assert looks(("Sec-Fetch-Dest", "iframe")) == "frame"
    assert looks(("Sec-Fetch-Dest", "document")) == "page"
    assert looks(HTML, ("Sec-Fetch-Dest", "image")) == "script"


def test_a_navigation_that_a_service_worker_passes_on_asks_for_html_and_upgrades() -> None:
    for mode in ("navigate", "same-origin", "cors"):
        passed_on = (("Sec-Fetch-Mode", mode), EMPTY)
        assert looks(*passed_on, UPGRADE, HTML) == "page"
        assert looks(*passed_on, HTML) == "script"
        assert looks(*passed_on, UPGRADE, ("Accept", "*/*")) == "script"
        assert looks(("Sec-Fetch-Mode", mode), ("Sec-Fetch-Dest", "image"), UPGRADE, HTML) != "page"


def test_repeated_lines_are_no_navigation() -> None:
    assert looks(HTML, NAVIGATE, NAVIGATE) == "script"
    assert looks(HTML, ("Sec-Fetch-Mode", "cors"), NAVIGATE, ("Sec-Fetch-Dest", "document")) == "script"


def test_of_many_kinds_the_first_are_looked_at() -> None:
    for count, found in ((63, "page"), (64, "script")):
        lines = [(b"accept", b"a/json;q=0.1," + b"," * (count - 1) + b"text/html ")]
        assert viewer_of_lines(lines) == found
    assert (
        viewer_of_lines([(b"accept", b"text/html;q=0.9" + b";" * 4_000 + b",application/json")]) == "script"
    )
