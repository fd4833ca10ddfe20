"""Long work says how far it is in a terminal, and nothing anywhere else."""

from __future__ import annotations

import io
import os
import pty
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from gateway.cli.progress import watched, watched_lines
from tests.forked import forked
from tests.processes import PRELOADED


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def ticking() -> Iterator[float]:
    """A clock that goes on by 150 ms with each look."""
    return (each * 0.15 for each in count())


def test_a_terminal_shows_how_many_and_is_clean_in_the_end() -> None:
    shown, clock = Terminal(), ticking()
    assert sum(watched(range(1_000), "ti: groups", stream=shown, clock=lambda: next(clock))) == 499_500
    assert "ti: groups: 512 of 1,000" in shown.getvalue()
    assert shown.getvalue().endswith("\r\033[K")


def test_it_is_clean_after_a_fault_too() -> None:
    shown, clock = Terminal(), ticking()
    with pytest.raises(ZeroDivisionError):
        for number in watched(count(), "x", stream=shown, clock=lambda: next(clock)):
            if number > 600:
                _ = 1 / 0
    assert shown.getvalue().endswith("\r\033[K")


def test_a_file_shows_how_much_was_read(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_bytes(b"12345678\n" * 1_024)
    lines, shown, clock = (tmp_path / "r.jsonl").read_bytes().splitlines(True), Terminal(), ticking()
    read = list(watched_lines(lines, str(tmp_path / "r.jsonl"), stream=shown, clock=lambda: next(clock)))
    assert read == lines
    assert "r.jsonl: 512 lines, 50%" in shown.getvalue()


def test_short_work_and_other_places_show_nothing() -> None:
    quick, file = Terminal(), io.StringIO()
    assert list(watched(range(9), "x", stream=quick)) == list(range(9))
    assert len(list(watched(range(9_999), "x", stream=file, clock=lambda: 1e9))) == 9_999
    assert quick.getvalue() == file.getvalue() == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_a_command_shows_it_on_standard_error_only(terminal: bool, tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_bytes(b'{"kind":"other"}\n' * 200_000)
    main, side = pty.openpty() if terminal else os.pipe()
    with (tmp_path / "out").open("w") as output:
        report = ("policy", "shadow-report", str(tmp_path / "r.jsonl"), "--json")
        gateway = forked("gateway", *PRELOADED)
        assert gateway.start_here(*report, output=output.fileno(), errors=side).wait(60) == 0
    os.set_blocking(main, False)
    try:
        said = os.read(main, 65536).decode()
    except (BlockingIOError, OSError):
        said = ""
    finally:
        os.close(main)
        os.close(side)
    assert (tmp_path / "out").read_bytes().startswith(b"{")
    assert (" lines, " in said) is terminal
