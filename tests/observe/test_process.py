"""What this process uses, against what the system says in other ways."""

import asyncio
import os
import resource
import sys
import time

import pytest

from gateway.observe.process import ProcessMetrics, started_at, usage_now
from gateway.observe.registry import Registry

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_memory_files_and_time_grow_with_use() -> None:
    before = usage_now()
    ballast = bytearray(os.urandom(1)) * (64 << 20)
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(20)]
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    after = usage_now()
    for each in files:
        os.close(each)
    assert after.resident - before.resident > len(ballast) * 0.9
    assert after.virtual > after.resident
    assert after.files >= before.files + 20
    assert after.cpu > before.cpu
    assert after.most_files == resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def test_when_it_began() -> None:
    assert time.time() - 7_200 < started_at() < time.time()


async def test_it_is_shown_from_the_start_on() -> None:
    registry = Registry()
    metrics = ProcessMetrics(registry)
    await metrics.start()
    try:
        while "process_open_fds 0.0" in registry.exposition()[0].decode():
            await asyncio.sleep(0.01)
    finally:
        await metrics.aclose()
    lines = registry.exposition()[0].decode().splitlines()
    shown = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert float(shown["toegangspoort_process_resident_memory_bytes"]) > 1 << 20
    assert float(shown["toegangspoort_process_cpu_seconds_total"]) > 0
    assert float(shown["toegangspoort_process_start_time_seconds"]) == pytest.approx(
        await asyncio.to_thread(started_at), abs=1
    )
