"""A disk that is really full: nothing that was accepted is lost, and what is written afterwards proves it."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

from gateway.observe.chain import Mark
from gateway.observe.proof import verify
from gateway.observe.record_file import Output
from gateway.observe.record_thread import Batch, RecordThread
from gateway.observe.sealed_head import SealedHead
from tests.keys import SEAL


def test_records_wait_for_a_disk_that_is_full(tmp_path: Path) -> None:
    # The limit on the size of files is the process's own: it fails writes as a quota does, with a part of a line written.
    program = textwrap.dedent(
        """
        import asyncio, json, resource, sys, time
        from pathlib import Path
        from gateway.observe import record_thread
        from gateway.observe.record_writer import DecisionRecords
        from gateway.observe.settings import ObserveSettings, RecordsTarget
        from tests.keys import SEALING

        record_thread._RETRY_SECONDS = 0.01

        async def until(true):
            end = time.monotonic() + 20
            while not true():
                assert time.monotonic() < end
                await asyncio.sleep(0.005)

        async def main():
            path = Path(sys.argv[1])
            settings = ObserveSettings(records=RecordsTarget("file", path), records_when_full="deny")
            records = DecisionRecords(
                settings, "ti", keys=lambda: (b"k" * 32,), sealing=lambda: (SEALING,), clock=time.time
            )
            await records.start()
            resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, resource.RLIM_INFINITY))
            for number in range(100):
                records.write({"kind": "note", "number": number})
            await until(lambda: records.full)
            full = await records.check()
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            await until(lambda: not records.full)
            print(json.dumps([full.ready, full.detail, (await records.check()).ready]))
            await records.aclose()

        asyncio.run(main())
        """
    )
    path = tmp_path / "records.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, check=True, timeout=60, text=True
    )
    ready, detail, afterwards = json.loads(done.stdout.splitlines()[-1])
    assert (ready, afterwards) == (False, True)
    assert "File too large" in detail
    assert "nothing is let through" in detail
    found = verify(
        [(str(path), path.read_bytes().splitlines(keepends=True))],
        keys=(SEAL,),
        head=("head", SealedHead(path, (SEAL,)).read()),
    )
    assert found.sound
    assert len(found.cut) <= 1
    numbers = [
        json.loads(line).get("number") for line in path.read_bytes().splitlines() if line.endswith(b"}")
    ]
    assert [each for each in numbers if each is not None] == list(range(100))


def test_a_head_that_is_gone_is_said(tmp_path: Path) -> None:
    output, head = Output(tmp_path / "r"), SealedHead(tmp_path / "r", (SEAL,))
    output.open()
    head.begin(lambda _: Mark("a", 0, "f" * 64, 1.0))
    thread = RecordThread(output, head, complaint_interval=60.0, on_event=lambda _: None)
    thread.start()
    thread.put(Batch([b"{}\n"], Mark("a", 1, "e" * 64, 2.0, ended=True)))
    assert thread.close()
    assert (thread.waiting, thread.trouble, thread.head_trouble) == (0, "", "")
    assert head.read() == (Mark("a", 1, "e" * 64, 2.0, ended=True),)
    assert (tmp_path / "r").read_bytes() == b"{}\n"
