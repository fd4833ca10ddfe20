"""What was written of the same permission is written again, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.model import Decision, Doubt
from gateway.observe.asked_by import About, AskedBy
from gateway.observe.decision_record import Pseudonyms, RecordEntry
from gateway.observe.record_encoder import RecordEncoder
from gateway.observe.record_memo import RecordMemo
from gateway.observe.refusal import Refusal
from tests.observe.conftest import DENIED, Makes

ONCE = Decision(True, "own-reports", "all hold")


def encoder() -> RecordEncoder:
    return RecordEncoder("ti", Pseudonyms(b"k" * 32, "ti"), ["afdeling"])


def other(entry: RecordEntry, **words: Any) -> RecordEntry:
    assert entry.request is not None
    return entry._replace(request=entry.request._replace(**words))


CHANGES = {
    "another moment": lambda entry: entry._replace(now=entry.now + 3_600.25),
    "another id": lambda entry: other(entry, id="r-9")._replace(request_id="r-9"),
    "another address": lambda entry: other(entry, client="192.0.2.9")._replace(client="192.0.2.9"),
    "another status and time": lambda entry: entry._replace(status=304, seconds=1.5),
    "other header lines": lambda entry: other(entry, headers=()),
    "another path": lambda entry: other(entry, path="/b"),
    "another method": lambda entry: other(entry, method="HEAD"),
    "another host": lambda entry: other(entry, host="other.test"),
    "a WebSocket": lambda entry: other(entry, websocket=True),
    "doubt": lambda entry: other(entry, doubt=Doubt((("a",),), frozenset(("x",)))),
    "no request": lambda entry: entry._replace(request=None),
    "an equal decision": lambda entry: entry._replace(decision=replace(ONCE)),
    "another decision": lambda entry: entry._replace(decision=DENIED),
    "no decision": lambda entry: entry._replace(decision=None),
    "another person": lambda entry: entry._replace(identity=replace(entry.identity, subject="b")),
    "nobody": lambda entry: entry._replace(identity=None),
    "another session": lambda entry: entry._replace(session="s-2"),
    "no session": lambda entry: entry._replace(session=None),
    "other rules": lambda entry: entry._replace(rules="def"),
    "facts": lambda entry: entry._replace(facts={"a": 1}),
    "an error": lambda entry: entry._replace(error="upstream-timeout", refusal=Refusal("upstream-timeout")),
    "a block": lambda entry: entry._replace(block="b-1"),
    "maintenance": lambda entry: entry._replace(maintenance="m-1"),
    "a shadow": lambda entry: entry._replace(shadow=DENIED, shadow_rules="def"),
    "a cut": lambda entry: entry._replace(cut={"reason": "revoked", "why": "x", "rules": "abc"}),
    "an endpoint": lambda entry: entry._replace(endpoint="/oauth2/start"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_record_reads_the_same_whatever_came_before_it(change: Any, handled: Makes) -> None:
    first = handled(decision=ONCE)
    changed = change(first)
    used = encoder()
    for entry in (first, first, changed, first, changed):
        assert used.encode(entry) == encoder().encode(entry)


def test_a_question_is_not_taken_for_a_request(handled: Makes) -> None:
    entry, used = handled(decision=ONCE), encoder()
    used.encode(entry)
    asked = entry._replace(asked_by=AskedBy("caller", "q-1", About("user", "view", "page")))
    assert used.encode(asked) == encoder().encode(asked)


def test_the_same_is_made_once(handled: Makes) -> None:
    made: list[RecordEntry] = []

    def make(entry: RecordEntry) -> str:
        made.append(entry)
        return "words"

    same, entry = RecordMemo(make), handled(decision=ONCE)
    for number in range(5):
        assert same(entry._replace(request_id=str(number), now=float(number))) == "words"
    assert len(made) == 1
    same.clear()
    same(entry)
    assert len(made) == 2


def test_what_is_remembered_is_bounded(handled: Makes) -> None:
    same, entry = RecordMemo(lambda entry: "words"), handled()
    for number in range(2_000):
        same(entry._replace(decision=replace(ONCE, reason=str(number))))
    assert len(same) <= 512
    long = other(entry, path="/" + "a" * 5_000)
    before = len(same)
    same(long._replace(decision=replace(ONCE)))
    assert len(same) == before
