"""The register for machines: JSON in and out under /api/v1, errors as problem details (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.register.codes import STREAMS
from simulator.register.documents import document_of, draft_from
from simulator.register.door import Register, body_of
from simulator.register.draft import Draft
from simulator.register.filters import Reach, filters_from
from simulator.register.reports import ChangedMeanwhile, Kept, ReferencesTaken

_LARGEST: Final = 8 * 1024 * 1024
_MOST: Final = 1_000
_PAGE: Final = 50
_PAGE_MOST: Final = 200
_LONGEST_REASON: Final = 500


class Problem(Exception):
    """An answer that is an error; `more` goes into the document as it is."""

    def __init__(self, status: int, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.more = more


def problem(status: int, detail: str, **more: Any) -> Response:
    """A problem details document."""
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(
        {**content, **more},
        status_code=status,
        media_type="application/problem+json",
        headers={"cache-control": "no-store"},
    )


class Api:
    """The addresses of the interface."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def routes(self) -> list[Route]:
        """All of them."""
        one = "/api/v1/meldingen/{number:int}"
        return [
            Route("/api/v1/afvalstromen", self.streams),
            Route("/api/v1/meldingen", self.listed, methods=["GET"]),
            Route("/api/v1/meldingen", self.submit, methods=["POST"]),
            Route("/api/v1/meldingen/batch", self.submit_many, methods=["POST"]),
            Route(one, self.single, methods=["GET"]),
            Route(one, self.correct, methods=["PUT"]),
            Route(f"{one}/annulering", self.cancel, methods=["POST"]),
        ]

    async def streams(self, request: Request) -> Response:
        """The codes of the streams that must be collected apart, with their names."""
        await self._register.reader(request)
        return _json({"afvalstromen": [{"code": code, "naam": name} for code, name in STREAMS.items()]})

    async def listed(self, request: Request) -> Response:
        """One page of the list; `volgende` leads to the next."""
        visitor = await self._register.reader(request)
        query = request.query_params
        filters, faults = filters_from(query)
        size, before = _PAGE, None
        for name in query:
            if name not in ("per_pagina", "na", *filters.__slots__):
                faults[name[:80]] = "Deze parameter bestaat niet."
        try:
            size = _number(query.get("per_pagina", str(_PAGE)), _PAGE_MOST)
        except ValueError:
            faults["per_pagina"] = f"Schrijf een getal van 1 tot {_PAGE_MOST}."
        try:
            before = _number(query["na"], 2**62) if "na" in query else None
        except ValueError:
            faults["na"] = "Gebruik de waarde uit `volgende`."
        if faults:
            raise Problem(400, "De filters kloppen niet.", fouten=_listed(faults))
        listing = self._register.listing
        found = await run_in_threadpool(listing.after, visitor.reach, filters, before=before, size=size + 1)
        following = None
        if len(found) > size:
            rest = f"&{filters.query}" if filters.query else ""
            following = f"/api/v1/meldingen?na={found[size - 1].id}&per_pagina={size}{rest}"
        return _json({"meldingen": [document_of(report) for report in found[:size]], "volgende": following})

    async def single(self, request: Request) -> Response:
        """One report, with its photos by name and hash."""
        visitor = await self._register.reader(request)
        report = await run_in_threadpool(
            self._register.reports.get, visitor.reach, request.path_params["number"]
        )
        photos = await run_in_threadpool(self._register.photos.of, report.id)
        shown = [{"naam": each.name, "type": each.type, "sha256": each.sha256} for each in photos]
        return _json(document_of(report, shown))

    async def submit(self, request: Request) -> Response:
        """A new report: 201; the same one under the same own reference: 200 with the report that stands."""
        visitor = await self._register.submitter(request)
        document = await _document(request)
        draft, faults = draft_from(document, self._register.now().date())
        if faults:
            raise Problem(422, "De melding heeft fouten.", fouten=_listed(faults))
        try:
            (kept,) = await run_in_threadpool(
                self._register.reports.submit, visitor.submitter, [draft], "api", self._register.now()
            )
        except ReferencesTaken as taken:
            raise _taken(taken) from taken
        return _json(document_of(kept.report), 201 if kept.new else 200)

    async def submit_many(self, request: Request) -> Response:
        """Many reports at once, all or none: errors are reported for each item."""
        visitor = await self._register.submitter(request)
        document = await _document(request)
        items = (
            document.get("meldingen")
            if isinstance(document, dict) and set(document) == {"meldingen"}
            else None
        )
        if not isinstance(items, list) or not 0 < len(items) <= _MOST:
            raise Problem(422, f'Stuur {{"meldingen": [...]}} met 1 tot {_MOST} meldingen.')
        today = self._register.now().date()
        read = await run_in_threadpool(lambda: [draft_from(item, today) for item in items])
        wrong = {place: faults for place, (_, faults) in enumerate(read) if faults}
        if wrong:
            raise _batch(422, wrong)
        try:
            kept = await run_in_threadpool(
                self._register.reports.submit, visitor.submitter, [draft for draft, _ in read], "api",
                self._register.now(),
            )  # fmt: skip
        except ReferencesTaken as taken:
            words = {place: {"eigen_referentie": _TAKEN} for place in taken.taken}
            raise _batch(409, words) from taken
        return _json({"meldingen": [_item(place, each) for place, each in enumerate(kept)]}, 201)

    async def correct(self, request: Request) -> Response:
        """A new version within the term. If-Match holds the version that was read: 412 where it is another now."""
        visitor = await self._register.submitter(request)
        number = request.path_params["number"]
        match = request.headers.get("if-match", "").strip('"')
        if not match:
            raise Problem(428, 'Zeg in If-Match welke versie u verbetert, bijvoorbeeld If-Match: "1".')
        document = await _document(request)
        draft, faults = draft_from(document, self._register.now().date())
        await run_in_threadpool(self._register.reports.get, Reach(visitor.organisation), number)
        if faults:
            raise Problem(422, "De melding heeft fouten.", fouten=_listed(faults))
        try:
            report = await run_in_threadpool(
                self._register.reports.change, visitor.submitter, number, _version(match), draft,
                self._register.now(), submit=True,
            )  # fmt: skip
        except ReferencesTaken as taken:
            raise _taken(taken) from taken
        return _json(document_of(report))

    async def cancel(self, request: Request) -> Response:
        """Cancel within the term, with a reason."""
        visitor = await self._register.submitter(request)
        document = await _document(request)
        reason = document.get("reden") if isinstance(document, dict) and set(document) == {"reden"} else None
        if (
            not isinstance(reason, str)
            or not 0 < len(reason.strip()) <= _LONGEST_REASON
            or not _plain(reason)
        ):
            raise Problem(422, f'Stuur {{"reden": "..."}} met hoogstens {_LONGEST_REASON} tekens.')
        report = await run_in_threadpool(
            self._register.reports.cancel, visitor.submitter, request.path_params["number"], reason.strip(),
            self._register.now(),
        )  # fmt: skip
        return _json(document_of(report))


_TAKEN: Final = "Deze referentie staat al op een andere melding."


def problem_of(request: Request, error: Exception) -> Response:
    """The answer to a Problem."""
    if not isinstance(error, Problem):
        raise error
    return problem(error.status, error.detail, **error.more)


async def _document(request: Request) -> Any:
    """The JSON that was sent. Its type is required, which also keeps forms of other sites out."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, "Stuur application/json.")
    content = await body_of(request, _LARGEST)
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_distinct, parse_constant=_refuse)
    except (ValueError, RecursionError) as wrong:
        raise Problem(400, "Dit is geen JSON in UTF-8, of een naam staat er twee keer in.") from wrong


def _distinct(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _number(text: str, most: int) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    if not 1 <= number <= most:
        raise ValueError(text)
    return number


def _version(match: str) -> int:
    try:
        return _number(match, 2**31)
    except ValueError as wrong:
        raise ChangedMeanwhile from wrong


def _plain(text: str) -> bool:
    return not Draft(description=text).unkeepable()


def _listed(faults: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"veld": name, "melding": words} for name, words in faults.items()]


def _taken(taken: ReferencesTaken) -> Problem:
    standing = taken.taken[0]
    more = {} if standing is None else {"bestaande_melding": standing.id}
    return Problem(409, _TAKEN, fouten=_listed({"eigen_referentie": _TAKEN}), **more)


def _batch(status: int, faults: Mapping[int, Mapping[str, str]]) -> Problem:
    items = [{"index": place, "fouten": _listed(words)} for place, words in faults.items()]
    return Problem(status, "Niets is bewaard: verbeter de meldingen met fouten.", meldingen=items)


def _item(place: int, kept: Kept) -> dict[str, Any]:
    return {"index": place, "nieuw": kept.new, "melding": document_of(kept.report)}


def _json(content: dict[str, Any], status: int = 200) -> Response:
    headers = {"cache-control": "no-store"}
    if "versie" in content:
        headers["etag"] = f'"{content["versie"]}"'
    if status == 201 and "id" in content:
        headers["location"] = f"/api/v1/meldingen/{content['id']}"
    return JSONResponse(content, status_code=status, headers=headers)
