"""Records come back from plain and compressed files and from standard input."""

import gzip
import io
import json
import sys
from pathlib import Path

import pytest

from gateway.observe.chain import Chain
from gateway.observe.proof import verify
from gateway.observe.record_reader import read_records, record_lines, record_on, sound_record_on
from tests.keys import SEAL


def test_records_come_back_from_any_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = Chain("c", SEAL)
    first, second = tmp_path / "records.jsonl.1.gz", tmp_path / "records.jsonl"
    first.write_bytes(gzip.compress(chain.link('{"n":1}') + b'{"cut\n[1]\n'))
    second.write_bytes(chain.link('{"n":2}'))
    found = [record["n"] for path in (first, second) for record in read_records(record_lines(path))]
    assert found == [1, 2]
    strange, cut = verify([(str(path), record_lines(path)) for path in (first, second)]).faults
    assert (strange.line, strange.message) == (3, "this is not a decision record")
    assert (cut.line, cut.message) == (2, "not a whole record, and it does not follow whole: it is lost")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(second.read_bytes())))
    assert [record["n"] for record in read_records(record_lines("-"))] == [2]
    with pytest.raises(OSError, match="No such file"):
        list(record_lines(tmp_path / "gone"))
    whole = first.read_bytes()
    for damaged in (b"no gzip", whole[:-9], whole[:14] + b"\xff" * 9 + whole[23:]):
        first.write_bytes(damaged)
        with pytest.raises(OSError, match=r"not whole as a compressed file: .*records\.jsonl\.1\.gz"):
            list(record_lines(first))


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"{" + b'"a":' + b"9" * 10_000 + b"}",
        b"\x00\n",
        b"\xff",
        b"null",
        b"{",
    ],
)
def test_a_line_that_is_something_else_stops_nothing(line: bytes) -> None:
    chain = Chain("c", SEAL)
    around = [chain.link('{"n":1}'), line + b"\n", chain.link('{"n":2}')]
    assert record_on(line) is None
    assert [each["n"] for each in read_records(around)] == [1, 2]
    proof = verify([("r", around)])
    assert proof.faults or proof.cut


@pytest.mark.parametrize(
    ("changes", "sound"),
    [
        ({}, True),
        ({"rule": None}, True),
        ({"rule": {"a": 1}}, False),
        ({"method": []}, False),
        ({"now": True}, False),
        ({"now": 10**30}, False),
        ({"now": -1.0}, False),
        ({"who": None}, False),
        ({"who": {"claims": 5}}, False),
        ({"facts": "x"}, False),
        ({"doubt": {"readings": "x"}}, False),
        ({"kind": "emergency", "rules": ["a"]}, True),
        ({"kind": "emergency", "asked": 1.5}, True),
        ({"asked": 1.5}, False),
        ({"kind": "block", "who": "x"}, False),
    ],
)
def test_a_record_with_odd_fields_is_none(changes: dict[str, object], sound: bool) -> None:
    record = {"kind": "request", "now": 1.5, "who": {"person": "p"}, "rule": "r", **changes}
    assert (sound_record_on(json.dumps(record).encode()) is not None) is sound
