"""What any client or a register can cause fills no log of errors."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2
import pytest

from tests.gateway_fixture import scripted_gateway
from tests.running import RawUpstream
from tests.upstream.raw_client import converse


def logged(capfd: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    """The lines of the log since the last look."""
    out, err = capfd.readouterr()
    lines = (out + err).splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_answers_that_are_cut_off(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with scripted_gateway(tmp_path, backend=RawUpstream()) as gate, gate.browser() as browser:
        browser.log_in()
        gate.upstream.close_after = True
        for answer in (
            b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nshort",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        ):
            gate.upstream.answer = lambda _head, answer=answer: answer
            with pytest.raises(httpx2.RemoteProtocolError):
                browser.call("/echo")
        lines = logged(capfd)
        assert [each["event"] for each in lines if each["level"] == "error"] == []
        why = [each["reason"] for each in lines if each["event"] == "response not completed"]
        assert why == ["the register closed the connection in the middle of its answer"] * 2


def test_clients_that_go_away_or_send_nonsense(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with scripted_gateway(tmp_path) as gate:
        for octets in (
            b"GET / HTTP/1.1\r\nHost: localhost\r\n",
            b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx",
            b"nonsense\r\n\r\n",
        ):
            converse(gate.port, octets, patience=0.5)
        assert gate.client.get(f"{gate.url}/public/x").status_code == 200
        assert [each["event"] for each in logged(capfd) if each["level"] == "error"] == []
