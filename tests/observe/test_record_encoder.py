"""What records hold, and that they name nobody."""

import json

import pytest

from gateway.model import Decision, Identity
from gateway.observe.decision_record import Pseudonyms
from gateway.observe.record_encoder import RecordEncoder
from tests.observe.conftest import DENIED, Makes

KEY = b"0123456789abcdef0123456789abcdef"


@pytest.fixture
def encoder() -> RecordEncoder:
    return RecordEncoder("ti", Pseudonyms(KEY, "ti"), ["afdeling", "vo_rrn", "niet-daar"])


def test_an_allowed_request(encoder: RecordEncoder, handled: Makes) -> None:
    record = json.loads(encoder.encode(handled()))
    person = record["who"].pop("person")
    assert len(person) == 22
    assert record == {
        "v": 1,
        "kind": "request",
        "time": "2026-11-23T20:36:20.123Z",
        "now": 1_795_466_180.123456,
        "environment": "ti",
        "request_id": "r-0",
        "client": "192.0.2.1",
        "status": 200,
        "ms": 12.346,
        "rules": "abc",
        "verdict": "allow",
        "rule": "own-reports",
        "method": "GET",
        "host": "register.test",
        "path": "/organisaties/0456789034/meldingen/1",
        "reason": "all hold",
        "who": {
            "issuer": "http://localhost:8010/op",
            "kind": "person",
            "rights": [
                ["OVAMGebruiker", "NonConformiteitenIndiener", "0456789034"],
                ["Anders", None, "0456789034"],
            ],
            "organisation": "0456789034",
            "doelgroep": "EA",
            "acr": "urn:be:eid",
            "authenticated_at": 1_795_466_000.0,
            "scopes": ["ovam"],
            "claims": {"afdeling": "B-1", "vo_rrn": "[redacted]"},
        },
        "session": "s-1",
    }


def test_nothing_secret_and_nobody_by_name(encoder: RecordEncoder, handled: Makes) -> None:
    line = encoder.encode(handled(path="/personen/85.07.30-033.28/85073003328"))
    for secret in ("geheim", "85073003328", "85.07.30", "Zo", "Peeters", "zoe@", "+3247", "zoek"):
        assert secret not in line
    assert json.loads(line)["path"] == "/personen/[national number]/[national number]"


def test_a_denial_says_what_is_missing(encoder: RecordEncoder, handled: Makes) -> None:
    record = json.loads(encoder.encode(handled(decision=DENIED, status=403, error="forbidden")))
    assert (record["verdict"], record["error"], record["reason"]) == (
        "deny",
        "forbidden",
        "the right is missing",
    )
    assert record["missing"] == [
        [
            {
                "kind": "right",
                "remedy": "grant",
                "right": "OVAMGebruiker",
                "context": "NonConformiteitenIndiener",
                "organisation": "0456789034",
            }
        ]
    ]


def test_other_ways_that_a_request_ends(encoder: RecordEncoder, handled: Makes) -> None:
    failed = Decision(False, "r", "the policy failed", error="KeyError: x")
    record = json.loads(encoder.encode(handled(decision=failed, shadow=DENIED, shadow_rules="def")))
    assert (record["verdict"], record["fault"]) == ("error", "KeyError: x")
    assert record["shadow"] == {
        "verdict": "deny",
        "rule": "own-reports",
        "reason": "the right is missing",
        "rules": "def",
    }
    own = json.loads(encoder.encode(handled(decision=None, identity=None, endpoint="/oauth2/start")))
    assert (own["verdict"], own["endpoint"], own["rule"]) == ("own", "/oauth2/start", None)
    assert "who" not in own
    refused = json.loads(
        encoder.encode(handled(request=None, decision=None, error="bad-request", session=None, rules=None))
    )
    assert refused["verdict"] == "refused"
    assert not {"path", "method", "session"} & set(refused)
    assert refused["rules"] is None


def test_a_websocket_is_named(encoder: RecordEncoder, handled: Makes) -> None:
    entry = handled()
    assert entry.request is not None
    record = json.loads(encoder.encode(entry._replace(request=entry.request._replace(websocket=True))))
    assert record["websocket"] is True


def test_equal_identities_are_not_mixed_up(encoder: RecordEncoder, handled: Makes) -> None:
    for number in range(3_000):
        who = Identity(str(number), "alice")
        assert json.loads(encoder.encode(handled(identity=who)))["who"]["issuer"] == str(number)


def test_the_recorded_claims_can_change(encoder: RecordEncoder, handled: Makes) -> None:
    entry = handled()
    assert "afdeling" in json.loads(encoder.encode(entry))["who"]["claims"]
    encoder.record_claims(["niet-daar"])
    assert "claims" not in json.loads(encoder.encode(entry))["who"]
