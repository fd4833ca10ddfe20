"""Records come back from plain and compressed files and from standard input."""

import gzip
import io
import sys
from pathlib import Path

import pytest

from gateway.observe.chain import Chain
from gateway.observe.proof import verify
from gateway.observe.record_reader import lines, record_on, records
from tests.keys import SEAL


def test_records_come_back_from_any_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = Chain("c", SEAL)
    first, second = tmp_path / "records.jsonl.1.gz", tmp_path / "records.jsonl"
    first.write_bytes(gzip.compress(chain.link('{"n":1}') + b'{"cut\n[1]\n'))
    second.write_bytes(chain.link('{"n":2}'))
    found = [record["n"] for path in (first, second) for record in records(lines(path))]
    assert found == [1, 2]
    strange, cut = verify([(str(path), lines(path)) for path in (first, second)]).faults
    assert (strange.line, strange.message) == (3, "this is not a decision record")
    assert (cut.line, cut.message) == (2, "not a whole record, and it does not follow whole: it is lost")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(second.read_bytes())))
    assert [record["n"] for record in records(lines("-"))] == [2]
    with pytest.raises(OSError, match="No such file"):
        list(lines(tmp_path / "gone"))


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
    assert [each["n"] for each in records(around)] == [1, 2]
    proof = verify([("r", around)])
    assert proof.faults or proof.cut
