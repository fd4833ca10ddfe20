"""A recorded request, decided again by the same rules, is decided in the same way."""

import json
import time
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config import load
from gateway.model import CanonicalRequest, DecisionInput, Identity, Organisation, Right
from gateway.observe.chain import Chain
from gateway.observe.decision_record import Pseudonyms, RecordEntry, decision_input, replayable
from gateway.observe.record_encoder import RecordEncoder
from gateway.observe.record_reader import read_records
from gateway.policy.evaluate import decide
from tests.keys import SEAL

CODES = st.sampled_from(["0456789034", "0777000187", "OVO999001"])
RIGHTS = st.builds(
    Right,
    st.sampled_from(["OVAMGebruiker", "Anders"]),
    st.sampled_from(["NonConformiteitenIndiener", "Bodemdossiers", None]),
    CODES,
)
PEOPLE = st.builds(
    Identity,
    issuer=st.just("op"),
    subject=st.text(),
    email=st.none() | st.text(),
    doelgroep=st.sampled_from(["EA", "GID", None]),
    organisation=st.none() | st.builds(Organisation, CODES, st.none() | st.text()),
    rights=st.lists(RIGHTS, max_size=3).map(tuple),
    acr=st.none() | st.text(),
    authenticated_at=st.floats(0, 4e9),
    scopes=st.lists(st.text(), max_size=2).map(tuple),
)
PATHS = st.lists(
    st.sampled_from(["organisaties", "meldingen", "static", "echo", "health"]) | CODES | st.text(max_size=5),
    min_size=1,
    max_size=4,
).map(lambda parts: tuple(part.replace("/", "") for part in parts))
RULES = load(Path(__file__).parents[2] / "config.yaml").rules["ti"]
FORM = RecordEncoder("ti", Pseudonyms(b"k" * 32, "ti"))


@settings(max_examples=300, deadline=None)
@given(st.none() | PEOPLE, PATHS, st.sampled_from(["GET", "POST", "HEAD"]), st.floats(0, 4e9))
def test_the_same_rules_decide_the_same(
    identity: Identity | None, segments: tuple[str, ...], method: str, now: float
) -> None:
    path = "/" + "/".join(segments)
    given_then = DecisionInput(method, "register.test", path, segments, "192.0.2.1", now, identity)
    then = decide(RULES, given_then)
    request = CanonicalRequest(
        "r", method, "https", "register.test", path, segments, b"/", (), {}, "192.0.2.1", False, "nl"
    )
    handled = RecordEntry("r", now, 200, 0.01, "192.0.2.1", request, then, identity, rules=RULES.hash)
    (record,) = read_records([Chain("c", SEAL).link(FORM.encode(handled))])
    assert replayable(record)
    again = decide(RULES, decision_input(record))
    assert (again.allowed, again.rule, again.reason, again.alternatives) == (
        then.allowed,
        then.rule,
        then.reason,
        then.alternatives,
    )


def test_a_record_is_small() -> None:
    identity = Identity(
        "http://localhost:8010/op",
        "s",
        organisation=Organisation("0456789034"),
        rights=(Right("OVAMGebruiker", "NonConformiteitenIndiener", "0456789034"),),
    )
    segments = ("organisaties", "0456789034", "meldingen", "1")
    path = "/" + "/".join(segments)
    given_then = DecisionInput("GET", "register.test", path, segments, "192.0.2.1", 1.0, identity)
    request = CanonicalRequest(
        "r", "GET", "https", "register.test", path, segments, b"/", (), {}, "192.0.2.1", False, "nl"
    )
    handled = RecordEntry(
        "r", time.time(), 200, 0.01, "192.0.2.1", request, decide(RULES, given_then), identity
    )
    line = FORM.encode(handled)
    assert len(line) < 700
    assert json.loads(line)["verdict"] == "allow"
