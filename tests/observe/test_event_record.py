"""Which events are recorded, and how."""

from __future__ import annotations

import json
from dataclasses import replace

from gateway.events import ClientRefused, KeyChanged, LoginEnded
from gateway.observe.decision_record import Pseudonyms
from gateway.observe.event_record import fields_of, wire_entry
from gateway.observe.record_encoder import RecordEncoder
from gateway.reference import reference_of


def test_events() -> None:
    assert fields_of(LoginEnded("ok")) is None
    assert fields_of(KeyChanged("records", "a", "b")) == {
        "kind": "keys", "purpose": "records", "before": "a", "after": "b",
    }  # fmt: skip


def test_what_the_listener_refused() -> None:
    event = ClientRefused(
        "head-slow", 408, "r-1", "192.0.2.1", b"GET /x?code=geheim HTTP/1.1\r\nHost: a.test\r\n"
    )
    entry = wire_entry(event, 5.0)
    assert entry is not None
    record = json.loads(RecordEncoder("ti", Pseudonyms(b"k" * 32, "ti")).encode(entry))
    assert (record["status"], record["error"], record["reason"]) == (408, "request-timeout", "head-slow")
    assert record["asked"] == {"method": "GET", "host": "a.test", "target": "/x"}
    assert (record["verdict"], record["reference"]) == ("refused", reference_of("r-1"))
    assert wire_entry(ClientRefused("idle-for-room"), 5.0) is None
    assert wire_entry(replace(event, admitted=True), 5.0) is None
