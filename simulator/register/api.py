"""The register for programs: JSON under /api/v1, without a session; errors as problem details (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.register.codes import STREAMS
from simulator.register.identity import Visitor, visitor_from
from simulator.register.postback import body_of
from simulator.register.report import Draft, Report
from simulator.register.reports import ReferenceTaken, Reports

# Where a field of a report stands in the document, and its type there.
_FIELDS: Final[Mapping[str, tuple[str, type]]] = MappingProxyType({
    "datum_vaststelling": ("found_on", str),
    "producent.naam": ("producer", str),
    "producent.ondernemingsnummer": ("number", str),
    "producent.adres": ("address", str),
    "afvalstromen": ("streams", list),
    "omschrijving": ("description", str),
    "geweigerd": ("refused", bool),
    "eigen_referentie": ("reference", str),
})  # fmt: skip
_PATHS: Final = {attribute: path for path, (attribute, _) in _FIELDS.items()}


class Problem(Exception):
    """An answer that is an error; `more` goes into the document."""

    def __init__(self, status: int, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.more = status, detail, more


def problem_of(_request: Request, error: Exception) -> Response:
    """The answer to a Problem."""
    if not isinstance(error, Problem):
        raise error
    title = HTTPStatus(error.status).phrase
    content = {"type": "about:blank", "title": title, "status": error.status, "detail": error.detail}
    return JSONResponse({**content, **error.more}, error.status, media_type="application/problem+json")


class Api:
    """The addresses of the interface."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("/api/v1/afvalstromen", self.streams),
            Route("/api/v1/meldingen", self.listed, methods=["GET"]),
            Route("/api/v1/meldingen", self.submit, methods=["POST"]),
            Route("/api/v1/meldingen/{number:int}", self.single),
        ]

    async def streams(self, request: Request) -> Response:
        """The codes of the waste streams, with their names."""
        _reader(request)
        return JSONResponse(
            {"afvalstromen": [{"code": code, "naam": name} for code, name in STREAMS.items()]}
        )

    async def listed(self, request: Request) -> Response:
        """The newest hundred, by `producent` and `afvalstroom` where those are given."""
        query = request.query_params
        found = self._reports.found(
            _reader(request), query.get("producent", ""), query.get("afvalstroom", "")
        )
        return JSONResponse({"meldingen": [_document(each) for each in found[:100]], "totaal": len(found)})

    async def single(self, request: Request) -> Response:
        """One report."""
        report = self._reports.get(_reader(request), request.path_params["number"])
        if report is None:
            raise Problem(404, "Deze melding bestaat niet.")
        return JSONResponse(_document(report))

    async def submit(self, request: Request) -> Response:
        """A new report: 201; the same one under the same own reference: 200 with the report that stands."""
        visitor = _reader(request)
        if not visitor.may_submit:
            raise Problem(403, "U kunt geen meldingen indienen.")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Problem(415, "Stuur application/json.")
        try:
            draft, faults = _draft(json.loads(await body_of(request)))
        except (ValueError, RecursionError) as wrong:
            raise Problem(400, "Dit is geen JSON.") from wrong
        for attribute, words in draft.faults(self._reports.now().date()).items():
            faults.setdefault(_PATHS[attribute], words)
        if faults:
            listed = [{"veld": name, "melding": words} for name, words in faults.items()]
            raise Problem(422, "De melding heeft fouten.", fouten=listed)
        try:
            report, new = self._reports.submit(visitor, draft, "api")
        except ReferenceTaken as taken:
            words = "Deze referentie staat al op een andere melding."
            raise Problem(409, words, bestaande_melding=taken.standing.id) from taken
        return JSONResponse(
            _document(report), 201 if new else 200, {"location": f"/api/v1/meldingen/{report.id}"}
        )


def _reader(request: Request) -> Visitor:
    """The visitor by the headers of this very request."""
    visitor = visitor_from(request.headers)
    if visitor is None or not visitor.may_read:
        raise Problem(403, "U hebt geen toegang tot het register.")
    return visitor


def _draft(document: Any) -> tuple[Draft, dict[str, str]]:
    if not isinstance(document, dict):
        raise Problem(422, "Een melding is een JSON-object.")
    producer = document.pop("producent", {})
    inner = producer if isinstance(producer, dict) else {}
    flat: dict[str, Any] = {**document, **{f"producent.{name}": value for name, value in inner.items()}}
    given: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for path, value in flat.items():
        attribute, kind = _FIELDS.get(path, ("", object))
        if not attribute:
            faults[path[:80].encode("utf-8", "replace").decode()] = "Dit veld kent het register niet."
        elif kind is list and isinstance(value, list) and all(type(each) is str for each in value):
            given[attribute] = tuple(value)
        elif kind is not list and type(value) is kind:
            given[attribute] = value
        elif value is not None:
            faults[path] = "Dit veld heeft het verkeerde type."
    return Draft(**given), faults


def _document(report: Report) -> dict[str, Any]:
    draft = report.draft
    return {
        "id": report.id,
        "registratienummer": report.number,
        "kanaal": report.channel,
        "indiener": {"organisatie": report.organisation, "naam": report.organisation_name},
        "datum_vaststelling": draft.day.isoformat() if draft.day else None,
        "producent": {"naam": draft.producer, "ondernemingsnummer": draft.kbo, "adres": draft.address},
        "afvalstromen": list(draft.streams),
        "omschrijving": draft.description,
        "geweigerd": draft.refused,
        "eigen_referentie": draft.reference or None,
        "ingediend_op": report.submitted_at.isoformat(),
    }
