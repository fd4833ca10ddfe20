"""Whole lines get into a file whatever the disk takes, and into standard output."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from gateway.observe.record_file import Output, Space


def test_standard_output_goes_on_in_the_middle_of_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bytes] = []

    def scarce(descriptor: int, data: bytes) -> int:
        assert descriptor == 1
        taken.append(data[:3])
        return len(taken[-1])

    monkeypatch.setattr(os, "write", scarce)
    output = Output(None)
    output.open()
    output.write([b"12345\n", b"6\n"])
    output.close()
    assert b"".join(taken) == b"12345\n6\n"


def test_a_line_that_was_cut_off_gets_its_line_end(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_bytes(b'{"half')
    output = Output(path)
    output.open()
    lines = [b"1\n", b"2\n"]
    output.write(lines)
    assert lines == []
    assert path.read_bytes() == b'{"half\n1\n2\n'
    with path.open("ab") as file:
        file.write(b"3")
    output.write([b"4\n"])
    output.close()
    assert path.read_bytes() == b'{"half\n1\n2\n3\n4\n'


def test_what_a_disk_took_is_not_written_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "records.jsonl"
    output = Output(path)
    output.open()
    real, room = os.write, [7]

    def scarce(descriptor: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        took = real(descriptor, data[: room[0]])
        room[0] -= took
        return took

    monkeypatch.setattr(os, "write", scarce)
    lines = [b"one\n", b"two\n", b"three\n"]
    with pytest.raises(OSError, match="No space"):
        output.write(lines)
    assert lines == [b"two\n", b"three\n"]
    room[0] = 100
    output.write(lines)
    output.close()
    assert path.read_bytes() == b"one\ntwo\ntwo\nthree\n"


@pytest.mark.anyio
async def test_a_disk_that_hangs_is_asked_once_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.observe.record_file._DISK_SECONDS", 0.02)
    answers, asked = threading.Event(), []

    class Hangs(Output):
        def no_space(self) -> bool:
            asked.append(1)
            answers.wait(10)
            return True

    space = Space(Hangs(None))
    assert [await space.lacking() for _ in range(3)] == [None, None, None]
    assert len(asked) == 1
    answers.set()
    monkeypatch.setattr("gateway.observe.record_file._DISK_SECONDS", 10.0)
    assert await space.lacking() is True
    assert await space.lacking() is True
