"""Messages are checked strictly, and unknown fields ignored; defaults are replaced as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.authzen.messages import (
    Evaluation,
    Evaluations,
    SubjectSearch,
    Unanswerable,
    each_evaluation,
    parse_message,
)

ALICE = {"type": "user", "id": "alice", "properties": {"a": 1}}
WHOLE: dict[str, Any] = {"subject": ALICE, "action": {"name": "read"}, "resource": {"type": "r", "id": "1"}}


def test_an_evaluation_may_have_fields_that_nobody_knows() -> None:
    found = parse_message(Evaluation, {**WHOLE, "future": {"deep": []}})
    assert (found.subject.id, found.action.name, found.context) == ("alice", "read", {})


@pytest.mark.parametrize("name", ["subject", "action", "resource"])
@pytest.mark.parametrize("value", [None, "x", [], {}, {"type": "", "id": "", "name": ""}])
def test_what_is_wrong_is_named(name: str, value: Any) -> None:
    with pytest.raises(Unanswerable, match=name):
        parse_message(Evaluation, {**WHOLE, name: value})


def test_what_is_wrong_is_said_in_words_for_programmers_of_any_language() -> None:
    for context, words in (([], "context: write an object"), (None, "context: write an object")):
        with pytest.raises(Unanswerable, match=words):
            parse_message(Evaluation, {**WHOLE, "context": context})
    with pytest.raises(Unanswerable, match=r"subject\.id: is required"):
        parse_message(Evaluation, {**WHOLE, "subject": {"type": "user"}})


def test_defaults_are_replaced_as_a_whole() -> None:
    data = {**WHOLE, "evaluations": [{}, {"subject": {"type": "user", "id": "bob"}}], "options": {"x": 1}}
    first, second = each_evaluation(parse_message(Evaluations, data), data)
    assert first == WHOLE
    assert second["subject"] == {"type": "user", "id": "bob"}


@pytest.mark.parametrize(
    "more",
    [
        {"evaluations": [1]},
        {"evaluations": {}},
        {"options": {"evaluations_semantic": "all"}},
        {"options": []},
        {"subject": "alice", "evaluations": [{}]},
    ],
)
def test_a_whole_that_is_wrong_is_refused_as_a_whole(more: dict[str, Any]) -> None:
    with pytest.raises(Unanswerable):
        parse_message(Evaluations, {**WHOLE, **more})


@pytest.mark.parametrize("page", [{"limit": -1}, {"limit": True}, {"limit": "1"}, {"token": 1}, []])
def test_a_page_is_a_number_and_a_token(page: Any) -> None:
    with pytest.raises(Unanswerable, match="page"):
        parse_message(SubjectSearch, {**WHOLE, "page": page})
