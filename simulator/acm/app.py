"""ACM over HTTP, under its real paths: the ASGI application of one environment's ACM."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from simulator.acm.endpoints import Endpoints
from simulator.acm.login_pages import LoginPages
from simulator.acm.server import Provider
from simulator.acm.state import AcmState
from simulator.faults.pages import fault_routes
from simulator.web import STATIC, page, pages_for_errors, templates


def create_acm(state: AcmState) -> Starlette:
    """The ASGI application of one environment's ACM."""
    provider = Provider(state)
    pages = templates(
        Path(__file__).parent / "templates", system="Authenticatie Vlaanderen", environment=state.environment
    )
    endpoints, people = Endpoints(state, provider), LoginPages(state, provider, pages)

    async def home(request: Request) -> Response:
        return page(pages, "home.html", people=state.people(), issuer=state.issuer)

    routes = [
        Route("/", home),
        Route("/health", endpoints.health),
        Route("/op/.well-known/openid-configuration", endpoints.discovery),
        Route("/op/v1/keys", endpoints.keys),
        Route("/op/v1/auth", people.authorize),
        Route("/op/login", people.login, methods=["GET", "POST"]),
        Route("/op/capacity", people.capacity, methods=["GET", "POST"]),
        Route("/op/v1/token", endpoints.token, methods=["POST"]),
        Route("/op/v1/userinfo", endpoints.userinfo, methods=["GET", "POST"]),
        Route("/op/v1/introspect", endpoints.introspect, methods=["POST"]),
        Route("/op/v1/logout", people.logout),
        *fault_routes(
            environment=state.environment,
            faults=state.faults,
            people=state.people,
            rotate_keys=state.keys.rotate,
            clock=state.clock,
        ),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Starlette(routes=routes, exception_handlers=pages_for_errors(pages, "/"))
