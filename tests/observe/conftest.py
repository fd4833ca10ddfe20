"""Requests as they end up in the records, and a clock that is handed in."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.model import CanonicalRequest, Decision, Identity, Missing, Organisation, Right
from gateway.observe.decision_record import RecordEntry


class Clock:
    def __init__(self) -> None:
        self.now = 1_795_466_180.5

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def indiener() -> Identity:
    return Identity(
        issuer="http://localhost:8010/op",
        subject="85073003328",
        given_name="Zoë",
        family_name="Peeters",
        email="zoe@example.be",
        phone="+32470000000",
        doelgroep="EA",
        organisation=Organisation("0456789034", "Containerdienst Peeters nv"),
        rights=(
            Right("OVAMGebruiker", "NonConformiteitenIndiener", "0456789034"),
            Right("Anders", None, "0456789034"),
        ),
        acr="urn:be:eid",
        authenticated_at=1_795_466_000.0,
        scopes=("ovam",),
        claims={"afdeling": "B-1", "vo_rrn": "85073003328"},
    )


Makes = Callable[..., RecordEntry]


@pytest.fixture
def handled(indiener: Identity) -> Makes:
    def make(number: int = 0, **others: Any) -> RecordEntry:
        path = others.pop("path", "/organisaties/0456789034/meldingen/1")
        request = CanonicalRequest(
            id=f"r-{number}",
            method="GET",
            scheme="https",
            host="register.test",
            path=path,
            segments=tuple(path.split("/")[1:]),
            target=b"/x?zoek=85073003328&code=geheim",
            doubt=others.pop("doubt", None),
            headers=((b"authorization", b"Bearer geheim"),),
            cookies={"tgp-ti-session": "geheim"},
            client="192.0.2.1",
            viewer="page",
            language="nl",
        )
        values: dict[str, Any] = {
            "request_id": f"r-{number}",
            "now": 1_795_466_180.123456,
            "status": 200,
            "seconds": 0.0123456,
            "client": "192.0.2.1",
            "request": request,
            "decision": Decision(True, "own-reports", "all hold"),
            "identity": indiener,
            "session": "s-1",
            "rules": "abc",
        }
        return RecordEntry(**{**values, **others})

    return make


DENIED = Decision(
    False,
    "own-reports",
    "the right is missing",
    ((Missing("right", "grant", "OVAMGebruiker", "NonConformiteitenIndiener", "0456789034"),),),
)
