"""What one environment serves on ACM's port: ACM itself, and beside it Gebruikersbeheer and Mijn Profiel."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route

from simulator.acm.app import create_acm
from simulator.acm.capacities import CITIZEN
from simulator.acm.clients import Client
from simulator.acm.state import AcmState
from simulator.data.directory import Directory
from simulator.gebruikersbeheer.app import create_gebruikersbeheer
from simulator.mijnprofiel.app import create_mijnprofiel
from simulator.signin.relying_party import SCOPES, RelyingParty

GEBRUIKERSBEHEER = "/gebruikersbeheer"
MIJN_PROFIEL = "/mijnprofiel"


def create_portal(state: AcmState, directory: Directory) -> Starlette:
    """The ASGI application. ACM knows the two applications beside it; both read and change `directory`."""
    administration = _party(state.base, GEBRUIKERSBEHEER, state.clock)
    profile = _party(state.base, MIJN_PROFIEL, state.clock)
    state.clients += (
        _client(administration, "Gebruikersbeheer", ("GID", "LB", "OV", "EA")),
        _client(profile, "Mijn Profiel", ("GID", "LB", "OV", "EA", CITIZEN)),
    )
    return Starlette(
        routes=[
            *(Route(prefix, _to_the_folder) for prefix in (GEBRUIKERSBEHEER, MIJN_PROFIEL)),
            Mount(GEBRUIKERSBEHEER, create_gebruikersbeheer(directory, administration)),
            Mount(MIJN_PROFIEL, create_mijnprofiel(directory, profile)),
            Mount("/", create_acm(state)),
        ]
    )


async def _to_the_folder(request: Request) -> Response:
    return RedirectResponse(f"{request.url.path}/", 308)


def _party(base: str, prefix: str, clock: Callable[[], float]) -> RelyingParty:
    return RelyingParty(base, prefix, f"{prefix.strip('/')}-simulatie", clock)


def _client(party: RelyingParty, name: str, doelgroepen: tuple[str, ...]) -> Client:
    return Client(
        client_id=party.client_id,
        name=name,
        secret=party.secret,
        redirect_uris=(party.redirect_uri,),
        post_logout_redirect_uris=(party.logout_uri, party.switch_uri),
        scopes=SCOPES,
        grant_types=("authorization_code",),
        doelgroepen=doelgroepen,
    )
