"""A running ACM with clients of every kind, and a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from simulator.acm.app import create_acm
from simulator.acm.clients import Client
from simulator.acm.state import AcmState
from simulator.data.seed import load_people
from simulator.run import bind, url_of
from tests.keys import rsa_client_key, rsa_client_keys
from tests.running import serving
from tests.simulator.acm.relying_party import Clock, RelyingParty

PERSONAL = ("openid", "profile", "rrn", "vo", "phone", "ovam", "offline_access")
WEB = Client(
    client_id="6f1d0000-0000-4000-8000-000000000001",
    name="Webtoepassing",
    redirect_uris=("http://localhost:9999/callback",),
    post_logout_redirect_uris=("http://localhost:9999/afgemeld",),
    scopes=PERSONAL,
    secret="s3cret-for/tests+only",
)
CLIENTS = (
    WEB,
    replace(WEB, client_id="6f1d0000-0000-4000-8000-000000000002", secret=None, jwks=rsa_client_keys("acm")[1]),
    replace(WEB, client_id="doelgroep", level="doelgroep", redirect_uris=("http://localhost:9999/callback?a=1",)),
    replace(WEB, client_id="burgers", doelgroepen=("EA", "BUR")),
    replace(WEB, client_id="met-recht", only_with_right="OVAMGebruiker"),
    replace(WEB, client_id="zonder-pkce", require_pkce=False),
    replace(WEB, client_id="weinig-middelen", means=("urn:be:vlaanderen:authmech:eid", "urn:be:vlaanderen:authmech:itsme")),
    Client(
        client_id="portaal",
        name="Portaal",
        redirect_uris=("http://localhost:9999/portaal",),
        scopes=("openid", "vo", "ovam", "offline_access"),
        secret="portaal",
        grant_types=(
            "authorization_code", "refresh_token", "client_credentials",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
    ),
    Client(
        client_id="api",
        name="API",
        scopes=("vo", "ovam"),
        secret="api",
        resources=("https://api.example/v1",),
        trusts=("portaal",),
        only_with_right="OVAMGebruiker",
        setbyapi={"niveau": "2"},
    ),
    Client(
        client_id="machine",
        name="Koppeling",
        secret="machine",
        grant_types=("client_credentials",),
        scopes=("ncr_indienen", "claims_setbyclient"),
        default_scopes=("ncr_indienen",),
        organisation=("0456789034", "Containerdienst Peeters nv"),
        setbyclient={"software": "Weegbrug"},
    ),
)  # fmt: skip

MakeParty = Callable[..., RelyingParty]


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def acm(clock: Clock) -> Iterator[AcmState]:
    sock, people = bind(0), load_people()
    state = AcmState("ti", url_of(sock), CLIENTS, lambda: people, clock)
    with serving(create_acm(state), sock=sock, lifespan="off"):
        yield state


@pytest.fixture
def party(acm: AcmState, clock: Clock) -> Iterator[MakeParty]:
    """Makes a relying party with a fresh browser, for the client of this id."""
    made = []

    def make(client_id: str = WEB.client_id) -> RelyingParty:
        client = acm.client(client_id)
        assert client is not None
        key = rsa_client_key("acm") if client.jwks is not None else None
        made.append(RelyingParty(acm.issuer, client, clock, key))
        return made[-1]

    yield make
    for each in made:
        each.browser.close()


@pytest.fixture
def web(party: MakeParty) -> RelyingParty:
    return party()


def opened(acm: AcmState, id_token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload of a token whose signature holds by the published keys."""
    published = httpx2.get(f"{acm.issuer}/v1/keys", trust_env=False).json()
    token = jwt.decode(id_token, KeySet.import_key_set(published), algorithms=["RS256"])
    return dict(token.header), dict(token.claims)
