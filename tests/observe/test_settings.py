"""What operators may write under `observe:`, and what the reference says about it."""

import json
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.observe.decision_record import Pseudonyms
from gateway.observe.record_encoder import RecordEncoder
from gateway.observe.settings import ObserveSettings, RecordsTarget
from tests.observe.conftest import DENIED, Makes

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def test_places_for_records(tmp_path: Path) -> None:
    context = {"folder": tmp_path}
    read = ObserveSettings.model_validate({"records": "file:var/r.jsonl"}, context=context)
    assert read.records == RecordsTarget("file", tmp_path / "var/r.jsonl")
    absolute = ObserveSettings.model_validate({"records": "file:/var/r.jsonl"}, context=context)
    assert absolute.records.path == Path("/var/r.jsonl")
    assert ObserveSettings.model_validate({"records": "none"}).records == RecordsTarget("none")
    assert ObserveSettings().records == RecordsTarget("stdout")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("records", "var/r.jsonl", "write stdout, none or file:PATH"),
        ("records", "file:", "write stdout, none or file:PATH"),
        ("records", 7, "write stdout, none or file:PATH"),
        ("listen", "8001", "HOST:PORT"),
        ("listen", ":8001", "HOST:PORT"),
        ("listen", "localhost:99999", "HOST:PORT"),
        ("records_queue", 1, "greater than or equal to 100"),
        ("log_level", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("lisen", "x", "Extra inputs are not permitted"),
        ("tracing", {}, "Field required"),
        ("tracing", {"otlp": "collector:4318"}, "write the address of the collector: https://"),
        ("tracing", {"otlp": "grpc://collector:4317"}, "write the address of the collector: https://"),
        (
            "tracing",
            {"otlp": "https://user:geheim@collector"},
            "write the address of the collector: https://",
        ),
        ("tracing", {"otlp": "https://collector:99999"}, "write the address of the collector: https://"),
        ("tracing", {"otlp": "https://collector/v1/traces?token=x"}, "write the address of the collector"),
        ("tracing", {"otlp": "https://collector", "sample": 1.5}, "less than or equal to 1"),
        ("tracing", {"otlp": "https://collector", "headers": {"Authorization": "geheim"}}, "file:PATH"),
        ("tracing", {"otlp": "https://collector", "headers": {"A b": "env:X"}}, "match pattern"),
        (
            "tracing",
            {"otlp": "http://collector", "headers": {"A": "env:X"}},
            "begins with https://: they hold secrets",
        ),
    ],
)
def test_what_is_refused(key: str, value: object, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ObserveSettings.model_validate({key: value})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("https://collector.example.be/", "https://collector.example.be/v1/traces"),
        ("https://collector.example.be/otlp/v1/traces", "https://collector.example.be/otlp/v1/traces"),
    ],
)
def test_the_address_of_a_collector(written: str, address: str) -> None:
    found = ObserveSettings.model_validate({"tracing": {"otlp": written}}).tracing
    assert found is not None
    assert (found.otlp, found.sample) == (address, 0.01)


def test_the_reference_names_every_field_of_a_record(handled: Makes) -> None:
    text = (REFERENCE / "decision-records.md").read_text("utf-8")
    form = RecordEncoder("ti", Pseudonyms(b"k" * 32, "ti"), ["afdeling"])
    every = handled(decision=DENIED, shadow=DENIED, endpoint="/x", error="forbidden", facts={"a": 1})
    record = json.loads(form.encode(every))
    fields = {*record, *record["who"], "chain", "seq", "prev", "fault", "websocket"}
    named = set(re.findall(r"`([a-z_]+)`", text))
    assert fields <= named
