"""The alarm of a connection and the pace of a body, with a loop whose time passes by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from gateway.edge.alarm import Alarm
from gateway.edge.pace import BodyPace
from gateway.edge.settings import EdgeSettings


class Timer:
    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at, self.call, self.cancelled = at, call, False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """As much of an event loop as an alarm needs."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, call: Callable[[], None]) -> Timer:
        self.timers.append(Timer(at, call))
        return self.timers[-1]

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [timer for timer in self.timers if not timer.cancelled and timer.at <= end]:
            timer = min(due, key=lambda each: each.at)
            self.timers.remove(timer)
            self.now = max(self.now, timer.at)
            timer.call()
        self.now = end


def loop_and_alarm() -> tuple[Any, Alarm]:
    loop = Loop()
    return loop, Alarm(cast(asyncio.AbstractEventLoop, loop))


def test_setting_an_alarm_again_makes_no_new_timer() -> None:
    loop, alarm = loop_and_alarm()
    rung: list[float] = []
    for _ in range(1_000):
        alarm.set(75, lambda: rung.append(loop.now))
        loop.pass_time(0.01)
        alarm.clear()
    assert len(loop.timers) == 1
    alarm.set(75, lambda: rung.append(loop.now))
    loop.pass_time(200)
    assert [round(at) for at in rung] == [85]
    assert not loop.timers


def test_an_earlier_alarm_rings_earlier() -> None:
    loop, alarm = loop_and_alarm()
    rung: list[str] = []
    alarm.set(75, lambda: rung.append("late"))
    alarm.set(10, lambda: rung.append("early"))
    loop.pass_time(100)
    assert rung == ["early"]


def test_a_stopped_alarm_holds_nothing() -> None:
    loop, alarm = loop_and_alarm()
    alarm.set(5, lambda: None)
    alarm.stop()
    assert all(timer.cancelled for timer in loop.timers)


class Sender:
    def __init__(self, **edge: Any) -> None:
        self.loop, alarm = loop_and_alarm()
        self.received = 0
        self.excused = False
        self.late = 0
        self.pace = BodyPace(
            self.loop,
            alarm,
            EdgeSettings.model_validate(edge),
            received=lambda: self.received,
            excused=lambda: self.excused,
            late=self.be_late,
        )
        self.pace.start()

    def be_late(self) -> None:
        self.late += 1

    def send(self, rate: int, seconds: int) -> None:
        for _ in range(seconds):
            self.received += rate
            self.loop.pass_time(1)


def test_a_body_that_trickles_is_late() -> None:
    sender = Sender(body_timeout="30s", min_rate=240)
    sender.send(10_000, 40)
    assert not sender.late
    sender.send(100, 70)
    assert sender.late == 1


def test_a_steady_body_has_its_time_in_all() -> None:
    sender = Sender(body_timeout="30s", body_time_limit="1h")
    sender.send(10_000, 3_590)
    assert not sender.late
    sender.send(10_000, 20)
    assert sender.late == 1


def test_a_client_that_we_keep_from_sending_is_not_late() -> None:
    sender = Sender(body_timeout="30s")
    sender.excused = True
    sender.send(0, 600)
    assert not sender.late
    sender.excused = False
    sender.send(0, 62)
    assert sender.late == 1


def test_without_a_rate_one_octet_in_time_is_enough() -> None:
    sender = Sender(body_timeout="30s", min_rate=0)
    for _ in range(20):
        sender.received += 1
        sender.loop.pass_time(29)
    assert not sender.late
    sender.loop.pass_time(62)
    assert sender.late == 1
