"""The register as it runs, with assertions signed by the gateway's own code, and a clock that is handed in."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.identity.assertions import Assertions
from gateway.identity.settings import AssertionSettings
from gateway.model import Identity, Organisation, Right
from gateway.settings import Secret
from simulator.faults import Faults
from simulator.register.app import create_register
from simulator.run import running
from tests.keys import ec_key

PEETERS, MAASLAND, OVAM = "0456789034", "0777000187", "OVO999001"
DAY = 86_400.0


class Clock:
    """Tuesday 24 November 2026, a quarter past three in Belgium."""

    def __init__(self) -> None:
        self.now = 1_795_529_700.0

    def __call__(self) -> float:
        return self.now


def person(
    subject: str = "inge",
    organisation: str = PEETERS,
    *contexts: str,
    name: str = "Containerdienst Peeters nv",
    **others: Any,
) -> Identity:
    """Somebody who logged in, by default a submitter."""
    given = contexts or ("NonConformiteitenIndiener",)
    return Identity(
        issuer="acm",
        subject=subject,
        given_name="Inge",
        family_name="De Waele",
        doelgroep="EA",
        organisation=Organisation(organisation, name),
        rights=tuple(Right("OVAMGebruiker", context, organisation) for context in given),
        **others,
    )


INGE = person()
MIA = person("mia", MAASLAND, name="Maasland bv")
OLIVIA = person("olivia", OVAM, "NonConformiteitenLezer", name="OVAM")
NOBODY = person("zoe", PEETERS, "Bodemdossiers")
MACHINE = Identity(
    issuer="acm", subject="peeters-koppeling", kind="machine", organisation=Organisation(PEETERS, None)
)


@dataclass
class Office:
    """A register that runs, and how to ask it as somebody."""

    url: str
    folder: Path
    clock: Clock
    sign: Callable[[Identity], str]
    faults: Faults
    clients: list[httpx2.Client] = field(default_factory=list)

    def visit(self, who: Identity | None, **headers: str) -> httpx2.Client:
        """A client that sends this identity's assertion along, signed anew for the time of the clock."""

        def add(request: httpx2.Request) -> None:
            if who is not None:
                request.headers["x-toegangspoort-assertion"] = self.sign(who)

        client = httpx2.Client(
            base_url=self.url, headers=headers, trust_env=False, timeout=20, event_hooks={"request": [add]}
        )
        self.clients.append(client)
        return client


@contextlib.contextmanager
def office_in(folder: Path) -> Iterator[Office]:
    """A register with its data in this folder, and a stand-in for the gateway's key set."""
    folder.mkdir(parents=True, exist_ok=True)
    key = folder / "assertion.pem"
    key.write_bytes(ec_key("register"))
    key.chmod(0o600)
    clock = Clock()
    faults = Faults()
    signers: dict[str, Assertions] = {}

    async def jwks(request: Request) -> Response:
        return JSONResponse(signers["ti"].jwks())

    with contextlib.ExitStack() as stack:
        gateway_url = stack.enter_context(
            running(lambda url: Starlette(routes=[Route("/.well-known/jwks.json", jwks)]))
        )
        url = stack.enter_context(running(
            lambda url: create_register(
                database=folder / "register-ti.db", gateway_url=gateway_url, environment="ti", audience=url,
                clock=clock, faults=faults,
            )
        ))  # fmt: skip
        settings = AssertionSettings(key=Secret("file:assertion.pem", folder))
        signer = Assertions(settings, environment="ti", issuer=gateway_url, audience=url, clock=clock)
        asyncio.run(signer.start())
        signers["ti"] = signer
        office = Office(url, folder, clock, lambda who: signer.sign(who, repr(who)), faults)
        yield office
        for client in office.clients:
            client.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with office_in(tmp_path / "register") as found:
        yield found


def report(**changes: Any) -> dict[str, Any]:
    """A report as a machine sends it, without faults."""
    return {
        "datum_vaststelling": "2026-11-20",
        "producent": {
            "naam": "Bakkerij De Korenaar",
            "ondernemingsnummer": "0400.000.185",
            "adres": "Kerkstraat 1, 2000 Antwerpen",
        },
        "afvalstromen": ["papier-karton"],
        "omschrijving": "Karton tussen het restafval",
    } | changes
