"""A descriptor is waited for whatever its number is."""

from __future__ import annotations

import fcntl
import os
import resource
from collections.abc import Iterator

import pytest

from gateway.files.readiness import is_readable, wait_until_writable

BEYOND_SELECT = 1024


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(limits[0], 4 * BEYOND_SELECT), limits[1]))
    low = os.pipe()
    ends = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, BEYOND_SELECT) for each in low]
    for each in low:
        os.close(each)
    yield ends[0], ends[1]
    for each in ends:
        os.close(each)
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_number_above_those_of_select(pipe: tuple[int, int]) -> None:
    output, writer = pipe
    assert not is_readable(output, 0.0)
    assert not is_readable(output, 0.001)
    wait_until_writable(writer)
    os.write(writer, b"x")
    assert is_readable(output, 60.0)


def test_the_end_can_be_read() -> None:
    output, writer = os.pipe()
    os.close(writer)
    assert is_readable(output, 60.0)
    os.close(output)


def test_where_nobody_reads_writing_is_not_waited_for() -> None:
    output, writer = os.pipe()
    os.set_blocking(writer, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writer, b"x" * 65_536)
    os.close(output)
    wait_until_writable(writer)
    os.close(writer)
