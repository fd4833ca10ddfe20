"""Photos over HTTP: added and removed by the organisation of the report, shown to all who may read it."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator.register.door import Register
from simulator.register.look import EXPIRED, Look, form_of
from simulator.register.pages import show_report
from simulator.register.photos import LARGEST, MOST, NoPhoto
from simulator.register.reports import NoSuchReport

_OVERHEAD = 64 * 1024


class Attachments:
    """The addresses of photos."""

    def __init__(self, register: Register, look: Look) -> None:
        self._register = register
        self._look = look

    def routes(self) -> list[Route]:
        """All of them."""
        one = "/meldingen/{number:int}/fotos"
        return [
            Route(one, self.add, methods=["POST"]),
            Route(f"{one}/{{photo:int}}", self.show),
            Route(f"{one}/{{photo:int}}/verwijderen", self.remove, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The bytes of a photo, as nothing else than a picture."""
        visitor = await self._register.reader(request)
        number = request.path_params["number"]
        await run_in_threadpool(self._register.reports.get, visitor.reach, number)
        found = await run_in_threadpool(self._register.photos.read, number, request.path_params["photo"])
        if found is None:
            raise NoSuchReport
        photo, content = found
        return Response(
            content,
            media_type=photo.type,
            headers={
                "content-disposition": f'inline; filename="{photo.file_name}"',
                "content-security-policy": "default-src 'none'; sandbox",
                "x-content-type-options": "nosniff",
                "cross-origin-resource-policy": "same-origin",
                "cache-control": "private, no-store",
            },
        )

    async def add(self, request: Request) -> Response:
        """Keep the photos of a form."""
        visitor = await self._register.submitter(request)
        number = request.path_params["number"]
        report = await run_in_threadpool(
            self._register.reports.allowed_to_change, visitor.submitter, number, self._register.now()
        )
        form = await form_of(request, files=MOST, limit=MOST * LARGEST + _OVERHEAD)
        faults: dict[str, str] = {}
        if not self._look.is_ours(visitor, form):
            faults["fotos"] = EXPIRED
        elif not form.files:
            faults["fotos"] = "Kies een foto."
        else:
            for _, name, content in form.files:
                try:
                    await run_in_threadpool(
                        self._register.photos.add, number, name, content,
                        self._register.now(),
                    )  # fmt: skip
                except NoPhoto as words:
                    faults["fotos"] = f"{name[:80] or 'bestand'}: {words}"
        if faults:
            return await show_report(
                self._register, self._look, request, visitor, report, status=422, faults=faults
            )
        return RedirectResponse(f"/meldingen/{number}?bewaard=1#fotos-titel", 303)

    async def remove(self, request: Request) -> Response:
        """Take a photo away."""
        visitor = await self._register.submitter(request)
        number = request.path_params["number"]
        report = await run_in_threadpool(
            self._register.reports.allowed_to_change, visitor.submitter, number, self._register.now()
        )
        if not self._look.is_ours(visitor, await form_of(request)):
            return await show_report(
                self._register, self._look, request, visitor, report, status=422, faults={"fotos": EXPIRED}
            )
        await run_in_threadpool(self._register.photos.remove, number, request.path_params["photo"])
        return RedirectResponse(f"/meldingen/{number}?bewaard=1#fotos-titel", 303)
