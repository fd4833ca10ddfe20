"""The pace of a body, with a loop whose time passes by hand."""

from __future__ import annotations

from typing import Any

from gateway.edge.pace import BodyPace
from gateway.edge.settings import EdgeSettings
from tests.edge.hand_loop import loop_and_alarm


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
