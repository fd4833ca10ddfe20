"""One timer for one connection."""

from __future__ import annotations

from tests.edge.hand_loop import loop_and_alarm


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


def test_a_cleared_alarm_is_silent_and_can_be_set_again() -> None:
    loop, alarm = loop_and_alarm()
    rung: list[str] = []
    alarm.set(10, lambda: rung.append("cleared"))
    alarm.clear()
    loop.pass_time(5)
    alarm.set(10, lambda: rung.append("set again"))
    loop.pass_time(9)
    assert not rung
    loop.pass_time(2)
    assert rung == ["set again"]
    assert not loop.timers


def test_a_later_alarm_takes_the_place_of_an_earlier_one() -> None:
    loop, alarm = loop_and_alarm()
    rung: list[str] = []
    alarm.set(10, lambda: rung.append("early"))
    alarm.set(75, lambda: rung.append("late"))
    loop.pass_time(100)
    assert rung == ["late"]


def test_an_alarm_may_be_set_while_it_rings() -> None:
    loop, alarm = loop_and_alarm()
    rung: list[float] = []

    def ring() -> None:
        rung.append(loop.now)
        if len(rung) < 3:
            alarm.set(10, ring)

    alarm.set(10, ring)
    loop.pass_time(100)
    assert rung == [10, 20, 30]
    assert not loop.timers
