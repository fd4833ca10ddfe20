"""The register over HTTP: its pages, its interface for machines, and /echo, behind the checks of who comes in."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from simulator.faults import Faults
from simulator.register.api import Api, Problem, problem, problem_of
from simulator.register.assertion import Assertions
from simulator.register.attachments import Attachments
from simulator.register.database import Database
from simulator.register.door import NotAllowed, NotProven, Register, TooLarge
from simulator.register.echo import echo, events, octets
from simulator.register.faulty import Faulty
from simulator.register.forms import Forms
from simulator.register.listing import Listing
from simulator.register.look import Look
from simulator.register.pages import Pages
from simulator.register.pending import Pending
from simulator.register.photos import Photos
from simulator.register.reports import ChangedMeanwhile, NoSuchReport, Reports, TooLate
from simulator.register.upload_pages import Uploads
from simulator.web import STATIC
from simulator.web.csrf import FormTokens

_ANY = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_register(
    *,
    database: Path,
    gateway_url: str,
    environment: str,
    audience: str,
    clock: Callable[[], float] = time.time,
    faults: Faults | None = None,
) -> ASGIApp:
    """The ASGI application. It believes the assertions of `gateway_url` for `audience`, its own address there.

    Photos lie in a folder beside the database. Raises SchemaTooNew.
    """
    store = Database(database)
    store.prepare()
    register = Register(
        assertions=Assertions(
            gateway_url=gateway_url, audience=audience, environment=environment, clock=clock
        ),
        reports=Reports(store),
        listing=Listing(store),
        photos=Photos(store, database.with_name(f"{database.stem}-fotos")),
        pending=Pending(store),
        tokens=FormTokens(secrets.token_bytes(32), clock),
        clock=clock,
    )
    look = Look(register, environment)
    routes = [
        Route("/health", health),
        Route("/echo/stream", events),
        Route("/echo/bytes", octets),
        Route("/echo", echo, methods=_ANY),
        Route("/echo/{rest:path}", echo, methods=_ANY),
        Mount("/static", StaticFiles(directory=STATIC)),
        *Forms(register, look).routes(),
        *Uploads(register, look).routes(),
        *Attachments(register, look).routes(),
        *Pages(register, look).routes(),
        *Api(register).routes(),
    ]
    handlers: dict[Any, Any] = dict.fromkeys(_REFUSALS, _refused(look))
    handlers |= {Problem: problem_of, 404: _not_found(look), 405: _not_found(look)}
    app = Starlette(routes=routes, exception_handlers=handlers)
    return app if faults is None else Faulty(app, faults)


async def health(request: Request) -> Response:
    """Whether the register runs."""
    return JSONResponse({"ok": True})


_REFUSALS: Mapping[type[Exception], tuple[int, str, str]] = {
    NotProven: (403, "Het register kent u niet",
        "Dit register is alleen bereikbaar langs de toegangspoort, die zegt wie u bent en wat u mag."
        " Rechtstreekse aanvragen worden geweigerd."),
    NotAllowed: (403, "Dit mag u niet", "U hebt niet het recht om dit te zien of te doen."),
    NoSuchReport: (404, "Deze melding bestaat niet", "Er is geen melding met dit nummer, of ze is niet van uw organisatie."),
    TooLate: (409, "Deze melding ligt vast", "Ze is geannuleerd, of de termijn van 14 dagen om ze te wijzigen is voorbij."),
    ChangedMeanwhile: (412, "Deze melding is gewijzigd", "Iemand anders heeft deze melding intussen gewijzigd."),
    TooLarge: (413, "Dit is te groot", "U stuurt meer dan hier past. Kies kleinere of minder bestanden."),
}  # fmt: skip


def _refused(look: Look) -> Callable[[Request, Exception], Response]:
    """Turns what was refused into an answer: problem details for machines, a page for people."""

    def answer(request: Request, error: Exception) -> Response:
        status, title, words = _REFUSALS[type(error)]
        if request.url.path.startswith("/api/"):
            return problem(status, words)
        return look.render("refused.html", request, None, status=status, title=title, words=words)

    return answer


def _not_found(look: Look) -> Callable[[Request, Exception], Response]:
    def answer(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        if request.url.path.startswith("/api/"):
            return problem(
                status, "Dit adres bestaat niet." if status == 404 else "Dit kan niet met deze methode."
            )
        title = "Deze pagina bestaat niet" if status == 404 else "Dit kan hier niet"
        return look.render(
            "refused.html", request, None, status=status, title=title, words="Kijk het adres na."
        )

    return answer
