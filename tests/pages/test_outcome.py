"""What pages and problems say about a request that was refused; over a gateway: tests/endpoints/test_outcomes.py."""

from __future__ import annotations

import json

import pytest

from gateway.errors import Forbidden, UpstreamUnreachable
from gateway.http_semantics import Forwarded
from gateway.model import Decision
from gateway.pages.error_response import ErrorResponses
from gateway.pages.outcome import AGAIN, KeptNote, RequestOutcome, outcome_words
from tests.pages.conftest import Asks, text_of


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "SEARCH", None])
@pytest.mark.parametrize("forwarded", ["no", "partly", "wholly", None])
def test_what_only_reads_saves_nothing(method: str | None, forwarded: Forwarded | None) -> None:
    assert outcome_words(forwarded, method) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "MKCOL"])
def test_the_words_differ_by_how_far_it_came(method: str) -> None:
    every: list[Forwarded] = ["no", "partly", "wholly"]
    assert len({outcome_words(each, method) for each in every}) == 3
    assert outcome_words(None, method) is None


def test_a_page_says_to_reload_only_what_was_not_sent(answers: ErrorResponses, asks: Asks) -> None:
    asked = asks(method="POST", language="en")._replace(viewer="page")
    every: list[Forwarded] = ["no", "partly", "wholly"]
    for forwarded in every:
        error = UpstreamUnreachable()
        page = answers.error(error, request_id="r", request=asked, outcome=RequestOutcome(forwarded))
        assert (AGAIN in text_of(page.body)) == (forwarded == "no")
    denied = Forbidden(Decision(allowed=False, rule="r", reason="x"))
    text = text_of(answers.error(denied, request_id="r", request=asked, outcome=RequestOutcome("no")).body)
    assert "Nothing of it reached the register" in text
    assert AGAIN not in text


def test_a_form_that_waits_is_on_the_page(answers: ErrorResponses, asks: Asks) -> None:
    note = KeptNote("/oauth2/resume?form=x", 1_764_159_600.0)
    asked = asks(language="en")
    page = answers.error(
        UpstreamUnreachable(), request_id="r", request=asked, outcome=RequestOutcome(None, note)
    )
    assert "We keep it until 13:20." in text_of(page.body)
    assert 'href="/oauth2/resume?form=x"' in page.body.decode()


def test_a_problem_has_it_as_a_field(answers: ErrorResponses, asks: Asks) -> None:
    asked = asks(method="POST")._replace(viewer="script")
    answer = answers.error(
        UpstreamUnreachable(), request_id="r", request=asked, outcome=RequestOutcome("wholly")
    )
    assert json.loads(answer.body)["forwarded"] == "wholly"
    read = answers.error(
        UpstreamUnreachable(),
        request_id="r",
        request=asked._replace(method="GET"),
        outcome=RequestOutcome("wholly"),
    )
    assert "forwarded" not in json.loads(read.body)
