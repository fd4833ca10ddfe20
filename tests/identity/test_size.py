"""The warning about identities that fill the head of a request."""

from __future__ import annotations

from dataclasses import replace

import structlog
from structlog.testing import capture_logs

from gateway.identity.headers import OutgoingHeaders
from gateway.identity.size import SizeWarning
from gateway.model import Identity, Right
from tests.gateway_fixture import StillClock

MAPPING = {"X-Auth-User": "subject", "X-Auth-Rights": "rights"}


def with_rights(identity: Identity, number: int) -> Identity:
    return replace(identity, rights=tuple(Right("Recht", str(each), "0456789034") for each in range(number)))


def test_many_rights_are_reported_once_an_hour_for_each_person(indiener: Identity) -> None:
    structlog.reset_defaults()  # a gateway of another test may have left out warnings
    clock = StillClock()
    warning = SizeWarning(8_192, lambda identity: 600 + 30 * len(identity.rights), steady=clock)
    headers = OutgoingHeaders(MAPPING, on_new=warning)
    full = with_rights(indiener, 70)
    with capture_logs() as logs:
        headers.build(with_rights(indiener, 3))
        assert logs == []
        lines = headers.build(full)
        headers.build(full)
        headers.build(replace(full))
        assert len(logs) == 1
        headers.build(replace(full, subject="somebody-else"))
        clock.now += 3_601
        headers.build(replace(full))
    assert len(logs) == 3
    size = sum(len(name) + len(value) + 4 for name, value in lines)
    assert {name: logs[0][name] for name in ("headers", "assertion", "limit", "rights")} == {
        "headers": size, "assertion": 2_700, "limit": 8_192, "rights": 70,
    }  # fmt: skip
    assert "f3a1c9" not in str(logs)
