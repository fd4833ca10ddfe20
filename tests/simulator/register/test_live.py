"""New reports as they come, by server-sent events and by WebSocket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.simulator.register.conftest import INGE, MIA, NOBODY, OLIVIA, Office, report

SOCKET = "/ncr/javax.faces.push/meldingen"


def followed(office: Office, who: Any) -> ClientConnection:
    return connect(office.url.replace("http", "ws") + SOCKET, additional_headers=who, proxy=None)


def messages(answer: httpx2.Response) -> Iterator[Any]:
    return (json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: "))


def test_both_ways_show_what_the_visitor_sees(office: Office) -> None:
    with (
        followed(office, INGE) as socket,
        followed(office, MIA) as other,
        office.client.stream("GET", "/ncr/live/stroom", headers=OLIVIA) as events,
    ):
        assert events.headers["content-type"].startswith("text/event-stream")
        lines = messages(events)
        for each, name in ((socket, "Inge Dewaele"), (other, "João Łukasz")):
            each.send("hallo")
            assert json.loads(each.recv(10)) == {"verbonden": name}
        for who in (MIA, INGE):
            office.client.post("/api/v1/meldingen", headers=who, json=report())
        first = {"nummer": "NC-2026-000001", "producent": "Bakkerij De Korenaar", "indiener": "Maasland bv"}
        assert json.loads(other.recv(10)) == first == next(lines)
        second = json.loads(socket.recv(10))
        assert second["nummer"] == "NC-2026-000002"
        assert second == next(lines)


@pytest.mark.parametrize("who", [{}, NOBODY])
def test_without_an_identity_or_a_right_neither_opens(office: Office, who: Any) -> None:
    with pytest.raises(InvalidStatus) as refused, followed(office, who):
        pass
    assert refused.value.response.status_code == 403
    assert office.call("GET", "/ncr/live/stroom", who).status_code == 403
