"""A flood of equal lines is counted, and not written."""

from __future__ import annotations

from typing import Any

import pytest
import structlog

from gateway.observe.log_room import LogRoom


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def written(room: LogRoom, words: str, times: int, method: str = "info") -> list[dict[str, Any]]:
    lines = []
    for number in range(times):
        try:
            lines.append(dict(room(None, method, {"event": words, "number": number})))
        except structlog.DropEvent:
            continue
    return lines


def test_a_flood_of_lines_is_left_out_and_the_next_line_says_how_many() -> None:
    clock = Clock()
    room = LogRoom(steady=clock)
    lines = written(room, "login failed", 10_000)
    assert len(lines) == 300
    assert not any("left_out" in line for line in lines)
    clock.now += 1
    assert [line.get("left_out") for line in written(room, "login failed", 5)] == [9_700]
    clock.now += 2
    assert [line.get("left_out") for line in written(room, "login failed", 2)] == [4, None]
    clock.now += 1_000
    assert len(written(room, "login failed", 1_000)) == 300


def test_other_lines_have_room_of_their_own() -> None:
    room = LogRoom(steady=Clock())
    written(room, "login failed", 1_000)
    assert len(written(room, "login finished", 10)) == 10


@pytest.mark.parametrize("method", ["debug", "error", "exception", "critical"])
def test_faults_and_what_was_asked_for_are_written_all(method: str) -> None:
    assert len(written(LogRoom(steady=Clock()), "request failed", 1_000, method)) == 1_000


@pytest.mark.parametrize("method", ["info", "warning"])
def test_strangers_cause_no_such_lines(method: str) -> None:
    assert len(written(LogRoom(steady=Clock()), "response not completed", 1_000, method)) == 300
