"""What people write: a new report, a concept, a correction, a cancellation. What was typed stays where it is refused."""

from __future__ import annotations

from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator.register.assertion import Visitor
from simulator.register.door import Register
from simulator.register.draft import Draft, draft_of
from simulator.register.look import EXPIRED, Look, Sent, form_of
from simulator.register.report import Report
from simulator.register.reports import ChangedMeanwhile, ReferencesTaken

_TEXTS: Final = (
    "found_on", "moment", "producer_name", "producer_kbo", "place", "container", "volume", "description", "told_on",
    "told_by", "reference",
)  # fmt: skip
_FLAGS: Final = ("hazardous", "refused", "resorted")
_LONGEST_REASON: Final = 500
_BOTH: Final = ["GET", "POST"]


class Forms:
    """The addresses that take reports from people."""

    def __init__(self, register: Register, look: Look) -> None:
        self._register = register
        self._look = look

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("/meldingen/nieuw", self.new, methods=_BOTH),
            Route("/meldingen/{number:int}/bewerken", self.edit, methods=_BOTH),
            Route("/meldingen/{number:int}/annuleren", self.cancel, methods=_BOTH),
        ]

    async def new(self, request: Request) -> Response:
        """The form for a new report, which can be kept as a concept."""
        visitor = await self._register.submitter(request)
        if request.method != "POST":
            today = self._register.now().date().isoformat()
            return self._form(request, visitor, Draft(found_on=today), {}, None, 0)
        form = await form_of(request)
        draft, concept = _draft(form), "concept" in form.texts
        faults = self._faults(visitor, form, draft, concept=concept)
        if not faults:
            now = self._register.now()
            try:
                if concept:
                    report = await run_in_threadpool(
                        self._register.reports.keep_concept, visitor.submitter, draft, "web", now
                    )
                    return RedirectResponse(f"/meldingen/{report.id}?bewaard=1", 303)
                (kept,) = await run_in_threadpool(
                    self._register.reports.submit, visitor.submitter, [draft], "web", now
                )
                return RedirectResponse(f"/?ingediend={kept.report.id}", 303)
            except ReferencesTaken as taken:
                faults = _taken(taken)
        return self._form(request, visitor, draft, faults, None, 0)

    async def edit(self, request: Request) -> Response:
        """The form for a concept, or for a correction within the term."""
        visitor = await self._register.submitter(request)
        number = request.path_params["number"]
        report = await run_in_threadpool(
            self._register.reports.allowed_to_change, visitor.submitter, number, self._register.now()
        )
        if request.method != "POST":
            return self._form(request, visitor, report.draft, {}, report, report.version)
        form = await form_of(request)
        draft, concept = _draft(form), report.status == "concept" and "concept" in form.texts
        version = _version(form)
        faults = self._faults(visitor, form, draft, concept=concept)
        if not faults:
            try:
                changed = await run_in_threadpool(
                    self._register.reports.change, visitor.submitter, number, version, draft, self._register.now(),
                    submit=not concept,
                )  # fmt: skip
                submitted = report.status == "concept" and not concept
                target = f"/?ingediend={changed.id}" if submitted else f"/meldingen/{changed.id}?bewaard=1"
                return RedirectResponse(target, 303)
            except ReferencesTaken as taken:
                faults = _taken(taken)
            except ChangedMeanwhile:
                version = report.version
                faults = {
                    "formulier": "Iemand anders heeft deze melding intussen gewijzigd. Vergelijk met de melding en dien"
                    " opnieuw in als u uw tekst wilt bewaren."
                }
        return self._form(request, visitor, draft, faults, report, version)

    async def cancel(self, request: Request) -> Response:
        """Asks for a reason, and cancels."""
        visitor = await self._register.submitter(request)
        number = request.path_params["number"]
        report = await run_in_threadpool(
            self._register.reports.allowed_to_change, visitor.submitter, number, self._register.now()
        )
        reason, faults = "", {}
        if request.method == "POST":
            form = await form_of(request)
            reason = form.texts.get("reason", "").strip()
            if not self._look.is_ours(visitor, form):
                faults["formulier"] = EXPIRED
            if not reason:
                faults["reason"] = "Vul in waarom u deze melding annuleert."
            elif len(reason) > _LONGEST_REASON:
                faults["reason"] = f"Dit is te lang: hoogstens {_LONGEST_REASON} tekens."
            elif words := Draft(description=reason.replace("\r\n", "\n")).unkeepable().get("description"):
                faults["reason"] = words
            if not faults:
                await run_in_threadpool(
                    self._register.reports.cancel, visitor.submitter, number, reason, self._register.now()
                )
                return RedirectResponse(f"/meldingen/{number}?bewaard=1", 303)
        return self._look.render(
            "cancel.html",
            request,
            visitor,
            status=422 if faults else 200,
            report=report,
            reason=reason,
            faults=faults,
        )

    def _faults(self, visitor: Visitor, form: Sent, draft: Draft, *, concept: bool) -> dict[str, str]:
        expired = {} if self._look.is_ours(visitor, form) else {"formulier": EXPIRED}
        return {**expired, **(draft.unkeepable() if concept else draft.faults(self._register.now().date()))}

    def _form(
        self, request: Request, visitor: Visitor, draft: Draft, faults: dict[str, str], report: Report | None,
        version: int,
    ) -> Response:  # fmt: skip
        return self._look.render(
            "form.html", request, visitor, status=422 if faults else 200, draft=draft, faults=_in_order(faults),
            report=report, version=version,
        )  # fmt: skip


def _draft(form: Sent) -> Draft:
    texts = form.texts
    return draft_of(
        {name: texts.get(name, "") for name in _TEXTS},
        form.all("streams"),
        {name: name in texts for name in _FLAGS},
    )


def _version(form: Sent) -> int:
    text = form.texts.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _taken(taken: ReferencesTaken) -> dict[str, str]:
    standing = taken.taken[0]
    name = standing.title if standing else "een andere melding"
    return {"reference": f"Deze referentie staat al op {name}."}


def _in_order(faults: dict[str, str]) -> dict[str, str]:
    """Faults in the order of the fields on the page."""
    order = ("formulier", "found_on", "moment", "producer_name", "producer_kbo", "place", "container", "volume",
             "streams", "description", "hazardous", "refused", "resorted", "told_on", "told_by", "reference")  # fmt: skip
    return dict(sorted(faults.items(), key=lambda fault: order.index(fault[0])))
