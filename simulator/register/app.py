"""The register over HTTP: the list of one's own organisation's reports, a form for a new one, and /echo."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from simulator.register.assertion import HEADER, Assertions, Visitor
from simulator.register.echo import echo, events, octets
from simulator.register.reports import STREAMS, Draft, Reports, draft_from
from simulator.web import STATIC, page, templates

_ANY = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_CSRF = "register-csrf"
_PAGE = 20


def create_register(
    *,
    database: Path,
    gateway_url: str,
    environment: str,
    audience: str,
    clock: Callable[[], float] = time.time,
) -> Starlette:
    """The ASGI application. It believes the assertions of `gateway_url` for `audience`, its own address there."""
    register = _Register(
        Reports(database),
        Assertions(gateway_url=gateway_url, audience=audience, environment=environment, clock=clock),
        environment,
        clock,
    )
    routes = [
        Route("/health", register.health),
        Route("/", register.overview),
        Route("/meldingen/nieuw", register.new, methods=["GET", "POST"]),
        Route("/organisaties/{kbo}/meldingen/", register.of_organisation),
        Route("/echo/stream", events),
        Route("/echo/bytes", octets),
        Route("/echo", echo, methods=_ANY),
        Route("/echo/{rest:path}", echo, methods=_ANY),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Starlette(routes=routes)


class _Register:
    def __init__(
        self, reports: Reports, assertions: Assertions, environment: str, clock: Callable[[], float]
    ) -> None:
        self._reports = reports
        self._assertions = assertions
        self._clock = clock
        self._pages = templates(
            Path(__file__).parent / "templates",
            system="Centraal non-conformiteitenregister",
            environment=environment,
        )

    async def health(self, request: Request) -> Response:
        return JSONResponse({"ok": True})

    async def overview(self, request: Request) -> Response:
        """The reports of one's own organisation; of all organisations for those who may read all."""
        visitor = await self._visitor(request)
        if visitor is None:
            return self._refused()
        return await self._list(request, visitor, None if visitor.may_read_all else visitor.organisation)

    async def of_organisation(self, request: Request) -> Response:
        """The reports of the organisation in the path, for itself and for those who may read all."""
        visitor = await self._visitor(request)
        kbo = request.path_params["kbo"]
        if visitor is None or not (visitor.may_read_all or visitor.organisation == kbo):
            return self._refused()
        return await self._list(request, visitor, kbo)

    async def new(self, request: Request) -> Response:
        """The form for a report; what was typed stays when something must be mended."""
        visitor = await self._visitor(request)
        if visitor is None or not visitor.may_submit:
            return self._refused()
        token = request.cookies.get(_CSRF) or secrets.token_urlsafe(24)
        draft, faults = Draft(found_on=self._now().date().isoformat()), {}
        if request.method == "POST":
            form = await request.form(max_files=0, max_fields=100)
            texts = {name: value for name, value in form.items() if isinstance(value, str)}
            streams = [value for value in form.getlist("streams") if isinstance(value, str)]
            draft = draft_from(texts, streams)
            faults = draft.faults(self._now().date())
            if not hmac.compare_digest(texts.get("csrf", ""), request.cookies.get(_CSRF, " ")):
                faults = {
                    "csrf": "Dit formulier is verlopen. Controleer het en dien het opnieuw in.",
                    **faults,
                }
            if not faults:
                report = await run_in_threadpool(
                    self._reports.add, visitor.organisation, visitor.sub, draft, self._now()
                )
                return RedirectResponse(f"/?ingediend={report.number}", 303)
        answer = page(
            self._pages, "form.html", status=422 if faults else 200, visitor=visitor, draft=draft, faults=faults,
            streams=STREAMS, csrf=token, today=self._now().date().isoformat(),
        )  # fmt: skip
        answer.set_cookie(_CSRF, token, httponly=True, samesite="strict", path="/meldingen")
        return answer

    async def _list(self, request: Request, visitor: Visitor, organisation: str | None) -> Response:
        number = request.query_params.get("pagina", "1")
        current = max(1, int(number)) if number.isdigit() and len(number) < 6 else 1
        reports, total = await run_in_threadpool(self._reports.of, organisation, page=current, size=_PAGE)
        pages = max(1, -(-total // _PAGE))
        return page(
            self._pages, "list.html", visitor=visitor, reports=reports, total=total, current=current, pages=pages,
            everything=organisation is None, submitted=request.query_params.get("ingediend"),
        )  # fmt: skip

    async def _visitor(self, request: Request) -> Visitor | None:
        return await self._assertions.visitor(request.headers.get(HEADER))

    def _refused(self) -> Response:
        return page(self._pages, "refused.html", status=403)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)
