"""Pages are made again from records, whatever the error was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway import errors
from gateway.cli.chosen_environment import ChosenEnvironment
from gateway.cli.shown_page import shown_page


@pytest.fixture
def place(config: Path) -> ChosenEnvironment:
    return ChosenEnvironment.of(config, "ti")


def kinds(kind: type[errors.GatewayError] = errors.GatewayError) -> Iterator[type[errors.GatewayError]]:
    for each in kind.__subclasses__():
        yield each
        yield from kinds(each)


def record(kind: type[errors.GatewayError], **answer: Any) -> dict[str, Any]:
    return {
        "request_id": "r-1", "now": 1_795_507_200.0, "status": kind.status, "error": kind.code, "client": "192.0.2.1",
        "method": "GET", "host": "localhost:8000", "path": "/x", "verdict": "refused",
        "answer": {"shown": "page", "language": "nl", "looking": "page", **answer},
    }  # fmt: skip


@pytest.mark.parametrize(
    "kind", [each for each in kinds() if not issubclass(each, errors.Forbidden | errors.BearerRefused)]
)
def test_each_error_has_its_page_again(place: ChosenEnvironment, kind: type[errors.GatewayError]) -> None:
    facts = {"reason": "state", "retry_after": 5}
    shown = shown_page(record(kind, facts=facts), place, None, None)
    assert shown.html, shown.why_not
    page = shown.body.decode()
    assert '<html lang="nl">' in page
    assert "localhost:8000/x" not in page


def test_the_page_of_the_listener_knows_nothing_of_what_became_of_the_request(
    place: ChosenEnvironment,
) -> None:
    facts = {"reason": "body-slow"}
    listener, own = (
        record(errors.RequestTimeout, shown=shown, facts=facts, forwarded="partly") | {"method": "POST"}
        for shown in ("listener", "page")
    )
    words = b"maar gedeeltelijk bij het register aangekomen"
    assert words in shown_page(own, place, None, None).body
    page = shown_page(listener, place, None, None).body
    assert b"<h1>" in page
    assert words not in page


def test_in_its_language_and_form(place: ChosenEnvironment) -> None:
    english = shown_page(record(errors.NotFound, language="en"), place, None, None)
    assert b'<html lang="en">' in english.body
    document = shown_page(record(errors.NotFound, looking="script", shown="document"), place, None, None)
    assert not document.html
    assert b'"code": "not-found"' in document.body
    assert "not made in 'xx'" in shown_page(record(errors.NotFound, language="xx"), place, None, None).why_not


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"answer": {"shown": "login"}}, "sent on to the login"),
        ({"answer": {"shown": "form"}}, "the form is kept"),
        ({"answer": {"shown": ""}}, "the client was gone"),
        ({"error": "forbidden"}, "without the rules of that moment"),
        ({"error": "unheard-of"}, "without the rules of that moment"),
    ],
)
def test_why_there_is_no_page(place: ChosenEnvironment, changes: dict[str, Any], words: str) -> None:
    assert words in shown_page({**record(errors.NotFound), **changes}, place, None, None).why_not


def test_what_was_not_refused_has_no_page(place: ChosenEnvironment) -> None:
    plain = {"request_id": "r-1", "now": 1.0, "status": 200, "verdict": "allow"}
    assert "the register answered, with status 200" in shown_page(plain, place, None, None).why_not
    redirected = {**plain, "verdict": "redirect", "location": "/y"}
    assert "redirected to /y" in shown_page(redirected, place, None, None).why_not
    assert (
        "of an earlier version"
        in shown_page({**plain, "verdict": "deny", "error": "x"}, place, None, None).why_not
    )
