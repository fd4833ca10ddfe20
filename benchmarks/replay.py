"""How long replaying decision records takes: `python -m benchmarks.replay [RECORDS]`, a million where it is left out.

Records of many people, paths and moments, as the gateway writes them, decided again by the shipped rules.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gateway.config import load
from gateway.key_files.keyring import Key
from gateway.model import CanonicalRequest, DecisionInput, Identity, Organisation, Right
from gateway.observe.chain import Chain, ChainKey
from gateway.observe.decision_record import Pseudonyms, RecordEntry
from gateway.observe.record_encoder import RecordEncoder
from gateway.policy.evaluate import decide

ROOT = Path(__file__).parent.parent
_PEOPLE = 2_000


def _write(file: Path, count: int) -> None:
    rules = load(ROOT / "config.yaml").rules["ti"]
    form, chain = (
        RecordEncoder("ti", Pseudonyms(b"k" * 32, "ti")),
        Chain("benchmark", ChainKey.of(Key("records", b"k" * 32), "ti")),
    )
    codes = [f"{400_000_000 + number * 97:010d}" for number in range(_PEOPLE)]
    people = [
        Identity(
            "http://localhost:8010/op", f"person-{number}", doelgroep="EA", organisation=Organisation(code),
            rights=(Right("OVAMGebruiker", "NonConformiteitenIndiener", code),) if number % 5 else (),
        )
        for number, code in enumerate(codes)
    ]  # fmt: skip
    who = itertools.cycle([*people, None])
    with file.open("wb") as out:
        for number in range(count):
            identity = next(who)
            code = codes[number * 7 % _PEOPLE]
            path = (
                "/",
                f"/ncr/bestanden/{code}/{number % 5_000}.csv",
                "/ncr/javax.faces.resource/stijl.css.xhtml",
            )[number % 3]
            segments = tuple(path[1:].split("/"))
            now = 1_795_466_180.0 + number / 50
            given = DecisionInput("GET", "localhost:8000", path, segments, "192.0.2.1", now, identity)
            request = CanonicalRequest(
                f"r-{number}", "GET", "http", "localhost:8000", path, segments, b"/", (), {}, "192.0.2.1", "page", "nl"
            )  # fmt: skip
            decision = decide(rules, given)
            handled = RecordEntry(
                f"r-{number}", now, 200, 0.01, "192.0.2.1", request, decision, identity, rules=rules.hash
            )
            out.write(chain.link(form.encode(handled)))


def main() -> None:
    """Write the records and time the command."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "records.jsonl"
        _write(file, count)
        print(f"{count:,} records, {file.stat().st_size / 1e6:.0f} MB")
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "gateway", "policy", "replay", "--config", "config.yaml", "--env", "ti", str(file)],
            cwd=ROOT, check=True,
        )  # fmt: skip
        print(f"replayed in {time.perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    main()
