"""What all connections of a listener share."""

from __future__ import annotations

import threading

import pytest

from gateway.edge.listener import READ, Buffers, Listener
from gateway.edge.refusals import Refusals
from gateway.edge.settings import EdgeSettings
from tests.edge.listening import get, listening
from tests.upstream.raw_client import converse


def test_https_is_told_to_browsers_once() -> None:
    with listening(public_url="https://gw.test") as (running, _, _refusals):
        for request in (get("/ok"), b"BAD\r\n\r\n", get("/fault")):
            seen = converse(running.port, request)
            assert seen.answers[0].values("strict-transport-security") == ["max-age=31536000"]
        seen = converse(running.port, get("/hsts"))
        assert seen.answers[0].values("strict-transport-security") == ["max-age=1"]
    with listening(public_url="https://gw.test", hsts=None) as (running, _, _refusals):
        assert converse(running.port, get()).answers[0].values("strict-transport-security") == []
    with listening(public_url="http://gw.test") as (running, _, _refusals):
        assert converse(running.port, get()).answers[0].values("strict-transport-security") == []


@pytest.mark.parametrize(
    ("url", "hsts", "line"),
    [
        ("https://gw.test", "max-age=1", b"strict-transport-security: max-age=1\r\n"),
        ("https://gw.test", None, b""),
        ("http://gw.test", "max-age=1", b""),
        ("", "max-age=1", b""),
    ],
)
def test_the_line_for_browsers(url: str, hsts: str | None, line: bytes) -> None:
    assert Listener(EdgeSettings(hsts=hsts), url, Refusals()).hsts == line


def test_each_thread_reads_into_buffers_of_its_own() -> None:
    buffers = Buffers()
    others: list[memoryview] = []
    thread = threading.Thread(target=lambda: others.append(buffers.small))
    thread.start()
    thread.join()
    assert len(buffers.small) == len(others[0]) == READ
    buffers.small[:6] = b"secret"
    assert bytes(others[0][:6]) == bytes(6)
