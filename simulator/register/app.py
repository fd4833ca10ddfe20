"""The register over HTTP: its pages below /ncr, its interface for programs, and /echo."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from simulator.faults import Faults
from simulator.register.api import Api, Problem, problem_of
from simulator.register.buttons import SCRIPT, Buttons, DecisionPoint
from simulator.register.echo import echo, events, octets
from simulator.register.faces import CONTEXT, Faces, Page, Refused
from simulator.register.faulty import Faulty
from simulator.register.live import Live, LivePage
from simulator.register.pages import ListPage, NewPage, ReportPage
from simulator.register.postback import TooLarge
from simulator.register.reports import Reports
from simulator.register.sessions import PathParameters, Sessions
from simulator.register.upload import Downloads, Files, UploadPage

_ANY: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_RESOURCES: Final = Path(__file__).parent / "resources"
_SCRIPT: Final = "text/javascript"
_FILES: Final = {
    "stijl.css": (_RESOURCES / "stijl.css", "text/css"),
    "jsf.js": (_RESOURCES / "jsf.js", _SCRIPT),
    "live.js": (_RESOURCES / "live.js", _SCRIPT),
    "buttons.js": (SCRIPT, _SCRIPT),
}


def create_register(
    *,
    inside: str,
    environment: str,
    clock: Callable[[], float] = time.time,
    faults: Faults | None = None,
    decisions: DecisionPoint | None = None,
) -> ASGIApp:
    """The ASGI application. `inside` is its own address, http://host:port, as the gateway reaches it.

    `decisions` is where it asks which buttons somebody can use.
    """
    reports, files = Reports(clock), Files()
    faces = Faces(Sessions(clock), environment, inside)

    async def home(_request: Request) -> Response:
        return faces.redirect(f"{CONTEXT}{ListPage.path}")

    pages: tuple[Page, ...] = (
        ListPage(reports),
        ReportPage(reports),
        NewPage(reports),
        UploadPage(reports, files),
        LivePage(),
    )
    routes = [
        Route("/health", _health),
        Route("/echo/stream", events),
        Route("/echo/bytes", octets),
        Route("/echo", echo, methods=_ANY),
        Route("/echo/{rest:path}", echo, methods=_ANY),
        *(Route(path, home) for path in ("/", CONTEXT, f"{CONTEXT}/")),
        Route(f"{CONTEXT}/javax.faces.resource/{{name}}.xhtml", _resource),
        *map(faces.route, pages),
        *Downloads(faces, reports, files).routes(),
        *Live(faces, reports).routes(),
        *Api(reports).routes(),
        *Buttons(decisions).routes(),
    ]
    app = PathParameters(Starlette(routes=routes, exception_handlers=_handlers(faces)))
    return app if faults is None else Faulty(app, faults)


def _handlers(faces: Faces) -> dict[Any, Any]:
    """The pages and documents for what goes wrong."""

    def refused(request: Request, error: Exception) -> Response:
        if isinstance(error, Refused):
            return faces.refuse(request, error)
        if isinstance(error, TooLarge):
            found = Refused(413, "Dit is te groot", "Het register neemt hoogstens 10 MB aan.")
        else:
            status = error.status_code if isinstance(error, HTTPException) else 500
            found = Refused(status, "Deze pagina bestaat niet", "Kijk het adres na.")
        if request.url.path.startswith("/api/"):
            return problem_of(request, Problem(found.status, found.words))
        return faces.refuse(request, found)

    return {Refused: refused, TooLarge: refused, Problem: problem_of, 404: refused, 405: refused}


async def _health(_request: Request) -> Response:
    return JSONResponse({"ok": True})


async def _resource(request: Request) -> Response:
    """A style sheet or script, as JSF serves it: by its name and `.xhtml`."""
    name = request.path_params["name"]
    if name not in _FILES:
        raise HTTPException(404)
    headers = {"cache-control": "public, max-age=3600"}
    path, media_type = _FILES[name]
    return FileResponse(path, media_type=media_type, headers=headers)
