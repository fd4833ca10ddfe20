"""What is remembered of a request: enough to decide it again, nothing that names the person."""

import json
from dataclasses import replace

import pytest

from gateway.model import DecisionInput, Identity, Organisation
from gateway.observe.decision_record import Pseudonyms, decision_input, not_replayable, replayable
from gateway.observe.record_encoder import RecordEncoder
from tests.observe.conftest import DENIED, Makes

KEY = b"0123456789abcdef0123456789abcdef"


@pytest.fixture
def encoder() -> RecordEncoder:
    return RecordEncoder("ti", Pseudonyms(KEY, "ti"), ["afdeling", "vo_rrn", "niet-daar"])


def test_a_record_is_enough_to_decide_again(
    encoder: RecordEncoder, handled: Makes, indiener: Identity
) -> None:
    record = json.loads(encoder.encode(handled(decision=DENIED, facts={"engine": {"allow": True}})))
    assert replayable(record)
    assert decision_input(record) == DecisionInput(
        method="GET",
        host="register.test",
        path="/organisaties/0456789034/meldingen/1",
        segments=("organisaties", "0456789034", "meldingen", "1"),
        client="192.0.2.1",
        now=1_795_466_180.123456,
        identity=replace(
            indiener,
            subject=record["who"]["person"],
            given_name=None,
            family_name=None,
            email=None,
            phone=None,
            organisation=Organisation("0456789034"),
            claims={"afdeling": "B-1", "vo_rrn": "[redacted]"},
        ),
        facts={"engine": {"allow": True}},
    )
    nobody = json.loads(encoder.encode(handled(identity=None, path="/a/b/")))
    assert decision_input(nobody).identity is None
    assert decision_input(nobody).segments == ("a", "b", "")


def test_what_cannot_be_decided_again(encoder: RecordEncoder, handled: Makes) -> None:
    assert not replayable(json.loads(encoder.encode(handled(decision=None, endpoint="/oauth2/start"))))
    assert not replayable({"v": 1, "kind": "start"})
    asked = {"v": 1, "kind": "request", "verdict": "allow", "path": "/"}
    for changes, words in (
        ({}, None),
        ({"kind": "start"}, "records of other kinds"),
        ({"verdict": "own"}, "requests that no rule decided"),
        ({"v": 2}, "records of another version"),
        ({"emergency": "a"}, "requests that an open emergency rule let in"),
        ({"path": None}, "records that lack a field"),
        ({"path": "/[national number]"}, "requests whose path was masked"),
    ):
        assert not_replayable({**asked, **changes}) == words
    assert not replayable({"v": 2, "kind": "request", "verdict": "allow", "path": "/"})
    with pytest.raises(ValueError, match="not a replayable decision record"):
        decision_input({"path": "/"})
    with pytest.raises(ValueError, match="not a replayable decision record"):
        decision_input({"path": 7})


def test_a_pseudonym_stays_the_same_and_only_with_the_key(indiener: Identity) -> None:
    one = Pseudonyms(KEY, "ti")
    assert one.of(indiener) == Pseudonyms(KEY, "ti").of(replace(indiener, email=None))
    others = {
        one.of(indiener),
        one.of(replace(indiener, subject="85073003329")),
        one.of(replace(indiener, issuer="http://localhost:8010/o", subject="p85073003328")),
        Pseudonyms(KEY, "prd").of(indiener),
        Pseudonyms(KEY[::-1], "ti").of(indiener),
    }
    assert len(others) == 5
    with pytest.raises(ValueError, match="at least 32"):
        Pseudonyms(b"short", "ti")


def test_records_under_two_keys_can_be_joined(handled: Makes) -> None:
    before, after = Pseudonyms(KEY, "ti"), Pseudonyms(KEY[::-1], "ti")
    old = json.loads(RecordEncoder("ti", before).encode(handled()))["who"]
    new = json.loads(RecordEncoder("ti", after, others=[before]).encode(handled()))["who"]
    assert "also" not in old
    assert new["person"] != old["person"]
    assert new["also"] == [old["person"]]
