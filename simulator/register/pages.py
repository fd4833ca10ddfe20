"""What people read: the list with its filters, one report, the overview per producer, and the list as a file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from simulator.register.assertion import Visitor
from simulator.register.door import NotAllowed, Register
from simulator.register.filters import Filters, filters_from
from simulator.register.look import Look
from simulator.register.report import Report
from simulator.register.reports import NoSuchReport
from simulator.register.table import lines_of

_PAGE: Final = 25


class Pages:
    """The addresses that show."""

    def __init__(self, register: Register, look: Look) -> None:
        self._register = register
        self._look = look

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("/", self.overview),
            Route("/organisaties/{kbo}/meldingen/", self.of_organisation),
            Route("/meldingen/export.csv", self.export),
            Route("/meldingen/{number:int}", self.single),
            Route("/producenten", self.producers),
        ]

    async def overview(self, request: Request) -> Response:
        """The reports of one's own organisation; of all organisations for those who may read all."""
        visitor = await self._register.reader(request)
        filters, faults = filters_from(request.query_params)
        return await self._list(request, visitor, filters, faults)

    async def of_organisation(self, request: Request) -> Response:
        """The reports of the organisation in the path, for itself and for those who may read all."""
        visitor = await self._register.reader(request)
        kbo = request.path_params["kbo"]
        if not (visitor.may_read_all or visitor.organisation == kbo):
            raise NotAllowed
        filters, faults = filters_from({**request.query_params, "indiener": kbo})
        return await self._list(request, visitor, filters, faults)

    async def single(self, request: Request) -> Response:
        """One report with its photos and earlier versions."""
        visitor = await self._register.reader(request)
        report = await run_in_threadpool(
            self._register.reports.get, visitor.reach, request.path_params["number"]
        )
        return await show_report(self._register, self._look, request, visitor, report)

    async def producers(self, request: Request) -> Response:
        """What each producer adds up to, those with most reports first."""
        visitor = await self._register.reader(request)
        current = _page_number(request)
        producers, total = await run_in_threadpool(
            self._register.listing.producers, visitor.reach, page=current, size=_PAGE
        )
        return self._look.render(
            "producers.html", request, visitor, producers=producers, total=total, current=current,
            pages=_pages(total), filters=Filters(),
        )  # fmt: skip

    async def export(self, request: Request) -> Response:
        """The list with its filters as a CSV file, sent as it is read."""
        visitor = await self._register.reader(request)
        filters, faults = filters_from(request.query_params)
        if faults:
            return await self._list(request, visitor, filters, faults)
        name = f"meldingen-{self._register.now():%Y-%m-%d}.csv"
        return StreamingResponse(
            _parts(lines_of(self._register.listing.walk(visitor.reach, filters))),
            media_type="text/csv; charset=utf-8",
            headers={
                "content-disposition": f'attachment; filename="{name}"',
                "cache-control": "no-store",
                "x-content-type-options": "nosniff",
            },
        )

    async def _list(
        self, request: Request, visitor: Visitor, filters: Filters, faults: dict[str, str]
    ) -> Response:
        current = _page_number(request)
        reports, total = await run_in_threadpool(
            self._register.listing.page, visitor.reach, filters, page=current, size=_PAGE
        )
        typed = {name: request.query_params.get(name, "") for name in faults}
        return self._look.render(
            "list.html", request, visitor, status=400 if faults else 200, reports=reports, total=total,
            current=current, pages=_pages(total), filters=filters, faults=faults, typed=typed,
            submitted=await self._just_submitted(request, visitor),
        )  # fmt: skip

    async def _just_submitted(self, request: Request, visitor: Visitor) -> Report | None:
        text = request.query_params.get("ingediend", "")
        if not (text.isascii() and text.isdigit() and len(text) < 18):
            return None
        try:
            return await run_in_threadpool(self._register.reports.get, visitor.reach, int(text))
        except NoSuchReport:
            return None


async def show_report(
    register: Register, look: Look, request: Request, visitor: Visitor, report: Report,
    *, status: int = 200, faults: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    """The page of one report."""
    photos = await run_in_threadpool(register.photos.of, report.id)
    earlier = await run_in_threadpool(register.reports.earlier_versions, report)
    own = visitor.may_submit and report.organisation == visitor.organisation
    return look.render(
        "report.html", request, visitor, status=status, report=report, photos=photos, earlier=earlier,
        changeable=own and report.can_change(register.now()), own=own, faults=faults or {},
        saved="bewaard" in request.query_params,
    )  # fmt: skip


def _parts(lines: Iterator[str]) -> Iterator[str]:
    while some := "".join(islice(lines, 200)):
        yield some


def _page_number(request: Request) -> int:
    number = request.query_params.get("pagina", "1")
    return max(1, int(number)) if number.isascii() and number.isdigit() and len(number) < 6 else 1


def _pages(total: int) -> int:
    return max(1, -(-total // _PAGE))
