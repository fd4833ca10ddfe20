"""What is said of a proof: the faults, what is not proven, and the sum."""

from __future__ import annotations

from pathlib import Path

from gateway.cli.proof_report import as_data, as_lines, open_ends
from gateway.observe.proof import verify
from gateway.observe.record_reader import record_lines
from tests.cli.test_records import put, written


def test_a_chain_without_an_end_and_without_checked_seals_is_said(tmp_path: Path) -> None:
    file = put(tmp_path, "records.jsonl", written("c", end=False))
    proof = verify([(file, record_lines(file))])
    assert not proof.faults
    told = list(as_lines(proof, ()))
    assert "no end: still running, crashed, or cut off" in told[0]
    assert told[1].startswith("not proven for 1 chain(s)")
    assert told[-1].endswith("in 1 chain: sound")
    faults = list(open_ends(proof.chains, file))
    assert len(faults) == 1
    assert list(as_lines(proof, faults))[-1].endswith("NOT SOUND, 1 fault(s)")
    assert as_data(proof, faults)["sound"] is False
    assert as_data(proof, ())["sound"] is True
