"""`gateway policy replay`, run as an operator runs it on files that the gateway wrote."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.config import Config, load
from gateway.model import CanonicalRequest, DecisionInput, Identity, Organisation, Right
from gateway.observe.chain import Chain
from gateway.observe.decision_record import Pseudonyms, RecordEntry
from gateway.observe.record_encoder import RecordEncoder
from gateway.policy.evaluate import decide
from tests.keys import SEAL
from tests.processes import ROOT, command

INDIENER = Identity(
    "http://localhost:8010/op", "s", organisation=Organisation("0456789034"),
    rights=(Right("OVAMGebruiker", "NonConformiteitenIndiener", "0456789034"),),
)  # fmt: skip
ASKED = [
    ("/", INDIENER), ("/", None), ("/echo/a", INDIENER), ("/public/85073003328", None),
    ("/organisaties/0456789034/meldingen/1", INDIENER), ("/organisaties/0456789034/meldingen/2", INDIENER),
]  # fmt: skip


def written(config: Config, environment: str = "ti") -> list[bytes]:
    """The lines of a process that handled these requests."""
    rules, chain = config.rules["ti"], Chain("c", SEAL)
    form = RecordEncoder(environment, Pseudonyms(b"k" * 32, environment))
    lines = [chain.link(json.dumps({"v": 1, "kind": "start", "environment": environment}))]
    for number, (path, identity) in enumerate(ASKED):
        segments, now = tuple(path[1:].split("/")), 1_795_466_180.0 + number
        request = CanonicalRequest(
            f"r-{number}", "GET", "http", "localhost:8000", path, segments, b"/", (), {}, "192.0.2.1", True, "nl"
        )  # fmt: skip
        decision = decide(
            rules, DecisionInput("GET", "localhost:8000", path, segments, "192.0.2.1", now, identity)
        )
        handled = RecordEntry(
            f"r-{number}", now, 200, 0.1, "192.0.2.1", request, decision, identity, rules=rules.hash
        )
        lines.append(chain.link(form.encode(handled)))
    own = RecordEntry("r-9", 1.0, 200, 0.1, "192.0.2.1", endpoint="/oauth2/session")
    return [*lines, chain.link(form.encode(own))]


@pytest.fixture
def records(config: Path, tmp_path: Path) -> Path:
    path = tmp_path / "records.jsonl"
    path.write_bytes(b"".join(written(load(config))) + b'{"cut off\n')
    return path


def replay(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return command("policy", "replay", "--config", str(config), *arguments)


def test_the_same_rules(config: Path, records: Path) -> None:
    done = replay(config, str(records))
    assert done.returncode == 0, done.stderr
    hash_ = load(config).rules["ti"].hash[:12]
    assert done.stdout.splitlines() == [
        f"5 requests decided again by rule set {hash_}: 0 with another outcome",
        "skipped: 1 broken lines",
        "skipped: 1 records of other kinds",
        "skipped: 1 requests that no rule decided",
        "skipped: 1 requests whose path was masked",
    ]


def test_other_rules(config: Path, records: Path, tmp_path: Path) -> None:
    text = config.read_text()
    changed = text.replace("id: own", "id: reports").replace("  - authenticated", "  - anyone")
    changed = changed.replace("    path: /\n", "    path: /nothing\n")
    config.write_text(changed)
    packed = tmp_path / "old.jsonl.gz"
    packed.write_bytes(gzip.compress(records.read_bytes()))
    done = replay(config, str(records), str(packed))
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].endswith(": 2 with another outcome")
    assert lines[1:5] == [
        "NEWLY DENIED home -> no rule (no-rule): 2 requests, from 2026-11-23T20:36:20.000Z to 2026-11-23T20:36:20.000Z",
        "  such as r-0, r-0",
        "same outcome own -> reports: 4 requests, from 2026-11-23T20:36:24.000Z to 2026-11-23T20:36:25.000Z",
        "  such as r-4, r-5, r-4",
    ]


def test_as_data_from_standard_input(config: Path, records: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "policy", "replay", "--config", str(config), "--json", "-"],
        input=records.read_bytes(), capture_output=True, cwd=ROOT, timeout=60, check=False,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert (found["decided"], found["differences"], found["left_out"]["broken lines"]) == (5, [], 1)


def test_what_is_refused(config: Path, records: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "prd.jsonl"
    foreign.write_bytes(b"".join(written(load(config), "prd")))
    done = replay(config, str(records), str(foreign))
    assert done.returncode == 2
    assert done.stderr == (
        f"{foreign}:1: this record belongs to environment 'prd', not 'ti'. Nothing was compared.\n"
    )
    assert done.stdout == ""
    assert replay(config, str(tmp_path / "none")).returncode == 2
    (tmp_path / "x.gz").write_bytes(b"no gzip")
    assert replay(config, str(tmp_path / "x.gz")).returncode == 2
    whole = gzip.compress(records.read_bytes())
    for damaged in (whole[:-9], whole[:40] + b"\xff" * 9 + whole[49:]):
        (tmp_path / "x.gz").write_bytes(damaged)
        done = replay(config, str(tmp_path / "x.gz"))
        assert done.returncode == 2
        assert f"{tmp_path / 'x.gz'}: not whole as a compressed file: " in done.stderr
    assert replay(config).returncode == 2
    config.write_text("x")
    assert replay(config, str(records)).returncode == 3
