"""The pages on which people read and write reports: the list, one report, and a new one."""

from __future__ import annotations

from typing import Any, Final

from simulator.dates import belgian_date
from simulator.register.codes import STREAMS
from simulator.register.faces import Page, Refused, Visit
from simulator.register.postback import Postback
from simulator.register.report import Draft
from simulator.register.reports import ReferenceTaken, Reports

_PAGE: Final = 10


class ListPage(Page):
    """All reports that the visitor sees, with filters and pages that come by Ajax, and a count of new ones by polling."""

    path = "/meldingen.xhtml"
    template = "meldingen.xhtml"
    regions = ("lijst", "teller")

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    def begin(self, visit: Visit) -> None:
        """Without filters."""
        visit.state.update(producer="", stream="", page=1, seen=len(self._reports.found(visit.visitor)))

    def pressed(self, visit: Visit, form: Postback) -> str | None:
        """Search, or turn the page."""
        state = visit.state
        if form.pressed("zoek:zoeken"):
            state.update(producer=form.text("zoek:producent"), stream=form.text("zoek:afvalstroom"), page=1)
        elif form.pressed("zoek:vorige"):
            state["page"] = max(1, state["page"] - 1)
        elif form.pressed("zoek:volgende"):
            state["page"] += 1
        return None

    def values(self, visit: Visit) -> dict[str, Any]:
        """One page of the list."""
        state = visit.state
        found = self._reports.found(visit.visitor, state["producer"], state["stream"])
        pages = max(1, -(-len(found) // _PAGE))
        current = state["page"] = min(state["page"], pages)
        new = len(self._reports.found(visit.visitor)) - state["seen"]
        return {
            "reports": found[(current - 1) * _PAGE : current * _PAGE], "total": len(found), "current": current,
            "pages": pages, "producer": state["producer"], "stream": state["stream"], "new": new,
        }  # fmt: skip


class ReportPage(Page):
    """One report, by the parameter `id`."""

    path = "/melding.xhtml"
    template = "melding.xhtml"

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    def begin(self, visit: Visit) -> None:
        """Which report. Raises Refused where there is none for this visitor."""
        given = visit.query.get("id", "")
        number = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
        if self._reports.get(visit.visitor, number) is None:
            raise Refused(404, "Deze melding bestaat niet", "Kijk het nummer van de melding na.")
        visit.state["id"] = number

    def values(self, visit: Visit) -> dict[str, Any]:
        """The report."""
        return {"report": self._reports.get(visit.visitor, visit.state["id"])}


class NewPage(Page):
    """A new report. The enterprise number is checked by Ajax as soon as it is typed."""

    path = "/nieuw.xhtml"
    template = "nieuw.xhtml"
    regions = ("controle",)
    submitters_only = True

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    def begin(self, visit: Visit) -> None:
        """An empty form with the date of today."""
        visit.state.update(draft=Draft(found_on=belgian_date(self._reports.now())), faults={}, checked=False)

    def pressed(self, visit: Visit, form: Postback) -> str | None:
        """Submit, and go to the report."""
        stream = form.text("melding:afvalstroom")
        draft = Draft(
            found_on=form.text("melding:datum"),
            producer=form.text("melding:producent"),
            number=form.text("melding:nummer"),
            address=form.text("melding:adres"),
            streams=(stream,) if stream else (),
            description=form.text("melding:omschrijving"),
            refused="melding:geweigerd" in form.fields,
            reference=form.text("melding:referentie"),
        )
        faults = draft.faults(self._reports.now().date())
        submits = form.pressed("melding:indienen")
        visit.state.update(draft=draft, faults=faults if submits else {}, checked=not submits)
        if faults or not submits:
            return None
        try:
            report, _ = self._reports.submit(visit.visitor, draft, "web")
        except ReferenceTaken as taken:
            words = f"Deze referentie staat al op melding {taken.standing.number}."
            visit.state["faults"] = {"reference": words}
            return None
        visit.session.notice = f"Uw melding is ingediend met nummer {report.number}."
        return f"/melding.xhtml?id={report.id}"

    def values(self, visit: Visit) -> dict[str, Any]:
        """What was typed, and what is wrong with it."""
        draft: Draft = visit.state["draft"]
        number = draft.faults(self._reports.now().date()).get("number", "") if visit.state["checked"] else ""
        return {
            "draft": draft, "faults": visit.state["faults"], "checked": visit.state["checked"],
            "number_fault": number, "streams": STREAMS,
        }  # fmt: skip
