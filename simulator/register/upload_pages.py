"""A CSV file by people: sent, shown with every error or with what it would do, and kept when confirmed."""

from __future__ import annotations

from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator.register.assertion import Visitor
from simulator.register.codes import CONTAINERS, MOMENTS, STREAMS, TOLD_BY
from simulator.register.door import Register
from simulator.register.draft import Draft
from simulator.register.look import EXPIRED, Look, form_of
from simulator.register.reports import AlreadyConfirmed, ReferencesTaken
from simulator.register.table import COLUMNS, REQUIRED, example
from simulator.register.upload import LARGEST, MOST_ROWS, RowFault, read

_SHOWN: Final = 200
_PREVIEW: Final = 10
_OVERHEAD: Final = 64 * 1024
_GONE: Final = (
    "Dit bestand wacht niet meer: het is al verwerkt of het is langer dan een uur geleden opgeladen."
)


class Uploads:
    """The addresses of CSV files that come in."""

    def __init__(self, register: Register, look: Look) -> None:
        self._register = register
        self._look = look

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("/meldingen/opladen", self.send, methods=["GET", "POST"]),
            Route("/meldingen/opladen/{token}", self.confirm, methods=["GET", "POST"]),
            Route("/meldingen/voorbeeld.csv", self.example),
        ]

    async def example(self, request: Request) -> Response:
        """A file to begin with."""
        await self._register.submitter(request)
        draft = Draft(
            found_on=self._register.now().date().isoformat(), moment="klant", producer_name="Bakkerij De Korenaar",
            producer_kbo="0400000185", place="Kerkstraat 1, 2000 Antwerpen", container="rolcontainer", volume="1100",
            streams=("papier-karton", "glas"), description="Karton en glas tussen het restafval",
            reference="voorbeeld-1",
        )  # fmt: skip
        return Response(
            example(draft),
            media_type="text/csv; charset=utf-8",
            headers={
                "content-disposition": 'attachment; filename="voorbeeld.csv"',
                "cache-control": "no-store",
            },
        )

    async def send(self, request: Request) -> Response:
        """The form; a file with errors comes back with all of them, one without is shown first."""
        visitor = await self._register.submitter(request)
        if request.method != "POST":
            return self._form(request, visitor, [], {})
        form = await form_of(request, files=1, limit=LARGEST + _OVERHEAD)
        if not self._look.is_ours(visitor, form):
            return self._form(request, visitor, [], {"bestand": EXPIRED})
        if not form.files:
            return self._form(request, visitor, [], {"bestand": "Kies een CSV-bestand."})
        found = await run_in_threadpool(read, form.files[0][2], self._register.now().date())
        if found.faults:
            return self._form(request, visitor, list(found.faults), {})
        token = await run_in_threadpool(
            self._register.pending.keep, visitor.submitter, found.drafts, self._register.now()
        )
        return RedirectResponse(f"/meldingen/opladen/{token}", 303)

    async def confirm(self, request: Request) -> Response:
        """What the file would do; a second form keeps all of it, or throws it away."""
        visitor = await self._register.submitter(request)
        token = request.path_params["token"]
        now = self._register.now()
        drafts = await run_in_threadpool(self._register.pending.find, visitor.submitter, token, now)
        if drafts is None:
            return self._form(request, visitor, [], {"bestand": _GONE}, status=404)
        if request.method != "POST":
            return self._preview(request, visitor, drafts, {})
        form = await form_of(request)
        if not self._look.is_ours(visitor, form):
            return self._preview(request, visitor, drafts, {"formulier": EXPIRED})
        if "weg" in form.texts:
            await run_in_threadpool(self._register.pending.drop, token)
            return RedirectResponse("/meldingen/opladen", 303)
        try:
            kept = await run_in_threadpool(
                self._register.reports.submit, visitor.submitter, drafts, "csv", now, upload=token
            )
        except AlreadyConfirmed:
            return self._form(request, visitor, [], {"bestand": _GONE}, status=404)
        except ReferencesTaken as taken:
            words = [
                f"{drafts[place].reference} staat al op {standing.title if standing else 'een andere rij'}"
                for place, standing in list(taken.taken.items())[:_PREVIEW]
            ]
            more = f"Niets is bewaard: deze eigen referenties zijn al in gebruik. {'; '.join(words)}."
            return self._preview(request, visitor, drafts, {"formulier": more})
        return self._look.render(
            "uploaded.html", request, visitor, new=[each.report for each in kept if each.new],
            known=sum(not each.new for each in kept),
        )  # fmt: skip

    def _form(
        self,
        request: Request,
        visitor: Visitor,
        rows: list[RowFault],
        faults: dict[str, str],
        status: int = 422,
    ) -> Response:
        return self._look.render(
            "upload.html", request, visitor, status=status if rows or faults else 200, rows=rows[:_SHOWN],
            total=len(rows), faults=faults, columns=_described(), most=MOST_ROWS, largest=LARGEST // 1024 // 1024,
        )  # fmt: skip

    def _preview(
        self, request: Request, visitor: Visitor, drafts: list[Draft], faults: dict[str, str]
    ) -> Response:
        return self._look.render(
            "preview.html", request, visitor, status=422 if faults else 200, drafts=drafts[:_PREVIEW],
            total=len(drafts), faults=faults,
        )  # fmt: skip


def _described() -> list[tuple[str, bool, str]]:
    words = {
        "datum_vaststelling": "dd/mm/jjjj",
        "moment": ", ".join(MOMENTS),
        "producent_ondernemingsnummer": "10 cijfers",
        "producent_vestigingsnummer": "10 cijfers; dit of een adres",
        "producent_adres": "dit of een vestigingsnummer",
        "recipient_soort": ", ".join(CONTAINERS),
        "recipient_volume": "liter",
        "afvalstromen": f"codes met | ertussen: {', '.join(STREAMS)}",
        "gevaarlijk_afval": "ja of nee",
        "geweigerd": "ja of nee",
        "nagesorteerd": "ja of nee",
        "klant_verwittigd_datum": "dd/mm/jjjj",
        "klant_verwittigd_kanaal": ", ".join(TOLD_BY),
        "eigen_referentie": "uw eigen kenmerk; hetzelfde kenmerk wordt nooit twee keer bewaard",
    }
    return [(name, name in REQUIRED, words.get(name, "tekst")) for name in COLUMNS]
