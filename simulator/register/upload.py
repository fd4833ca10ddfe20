"""CSV files with reports: read, checked row by row, submitted as a whole, and kept for the organisation."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.register.faces import CONTEXT, Faces, Page, Refused, Visit
from simulator.register.postback import LATIN, Postback
from simulator.register.report import Draft
from simulator.register.reports import Reports
from simulator.web.spreadsheet import as_written, row

COLUMNS: Final = (
    "datum", "producent", "ondernemingsnummer", "adres", "afvalstroom", "omschrijving", "geweigerd", "referentie"
)  # fmt: skip
_MOST_ROWS: Final = 5_000
_MOST_FILES: Final = 20


class BadFile(Exception):
    """What is wrong with a file, one line of Dutch for each fault."""

    def __init__(self, *lines: str) -> None:
        super().__init__(lines[0])
        self.lines = lines


def drafts_in(content: bytes, today: date) -> list[Draft]:
    """The reports in a file: semicolons, UTF-8 or Windows-1252, a first row of column names. Raises BadFile."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode(LATIN, "replace")
    try:
        rows = [cells for cells in csv.reader(io.StringIO(text, newline=""), delimiter=";") if any(cells)]
    except csv.Error as problem:
        raise BadFile("Dit is geen CSV-bestand.") from problem
    if not rows or tuple(cell.strip().lower() for cell in rows[0]) != COLUMNS:
        raise BadFile(f"De eerste rij moet de namen van de kolommen bevatten: {'; '.join(COLUMNS)}.")
    if not 1 < len(rows) <= _MOST_ROWS + 1:
        raise BadFile(f"Een bestand bevat 1 tot {_MOST_ROWS} meldingen.")
    drafts, faults = [], []
    for number, cells in enumerate(rows[1:], 2):
        if len(cells) != len(COLUMNS):
            faults.append(f"Rij {number}: er zijn {len(cells)} kolommen in plaats van {len(COLUMNS)}.")
            continue
        found_on, producer, kbo, address, stream, description, refused, reference = (
            as_written(cell.strip()) for cell in cells
        )
        streams = (stream,) if stream else ()
        draft = Draft(
            found_on, producer, kbo, address, streams, description, refused.lower() == "ja", reference
        )
        drafts.append(draft)
        faults += [f"Rij {number}: {words}" for words in draft.faults(today).values()]
    if faults:
        raise BadFile(*faults)
    return drafts


class Files:
    """The last 20 uploaded files of each organisation, by name. Names are ISO-8859-1, as the register has always had."""

    def __init__(self) -> None:
        self._files: dict[str, dict[str, bytes]] = {}

    def keep(self, organisation: str, name: str, content: bytes) -> None:
        """Keep a file, in place of an earlier one of that name."""
        last = PureWindowsPath(PurePosixPath(name).name).name or "bestand.csv"
        plain = "".join(sign if sign.isprintable() and sign not in '";' else "_" for sign in last)
        files = self._files.setdefault(organisation, {})
        files[plain.encode("iso-8859-1", "replace").decode("iso-8859-1").replace("?", "_")] = content
        if len(files) > _MOST_FILES:
            del files[next(iter(files))]

    def names(self, organisation: str) -> list[tuple[str, str]]:
        """(name, path below the context) of each file, in ISO-8859-1."""
        return [
            (name, f"/bestanden/{organisation}/{quote(name, encoding='iso-8859-1')}")
            for name in self._files.get(organisation, ())
        ]

    def get(self, organisation: str, name: str) -> bytes | None:
        """The content of a file."""
        return self._files.get(organisation, {}).get(name)


class UploadPage(Page):
    """Upload a file; download earlier ones."""

    path = "/opladen.xhtml"
    template = "opladen.xhtml"
    submitters_only = True

    def __init__(self, reports: Reports, files: Files) -> None:
        self._reports = reports
        self._files = files

    def begin(self, visit: Visit) -> None:
        """Nothing chosen yet."""
        visit.state["faults"] = ()

    def pressed(self, visit: Visit, form: Postback) -> str | None:
        """Submit all reports of the file, or none."""
        try:
            count = self._submit(visit, form)
        except BadFile as wrong:
            visit.state["faults"] = wrong.lines
            return None
        visit.session.notice = (
            f"Het bestand is verwerkt: {count} melding{'' if count == 1 else 'en'} ingediend."
        )
        return self.path

    def _submit(self, visit: Visit, form: Postback) -> int:
        if form.file is None:
            raise BadFile("Kies een CSV-bestand.")
        drafts = drafts_in(form.file[1], self._reports.now().date())
        for number, draft in enumerate(drafts, 2):
            standing = self._reports.with_reference(visit.visitor, draft.reference)
            if standing is not None and standing.draft != draft:
                raise BadFile(f"Rij {number}: deze referentie staat al op melding {standing.number}.")
        references = [draft.reference for draft in drafts if draft.reference]
        if len(set(references)) < len(references):
            raise BadFile("Een referentie staat twee keer in dit bestand.")
        count = sum(self._reports.submit(visit.visitor, draft, "csv")[1] for draft in drafts)
        self._files.keep(visit.visitor.organisation, *form.file)
        return count

    def values(self, visit: Visit) -> dict[str, Any]:
        """What is wrong with the file, and the files of before."""
        return {
            "faults": visit.state["faults"],
            "files": self._files.names(visit.visitor.organisation),
            "columns": COLUMNS,
        }


class Downloads:
    """Servlets that send files: the list, the example, and what an organisation uploaded. They say nothing of caching."""

    def __init__(self, faces: Faces, reports: Reports, files: Files) -> None:
        self._faces, self._reports, self._files = faces, reports, files

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route(f"{CONTEXT}/uitvoer/meldingen.csv", self.listed),
            Route(f"{CONTEXT}/uitvoer/voorbeeld.csv", self.example),
            Route(f"{CONTEXT}/bestanden/{{organisation}}/{{name}}", self.uploaded),
        ]

    async def listed(self, request: Request) -> Response:
        """All reports that the visitor sees, as a file that can be uploaded again."""
        reports = self._reports.found(self._faces.visitor_of(request))
        return _file("meldingen.csv", "".join(map(row, (COLUMNS, *(_cells(each.draft) for each in reports)))))

    async def example(self, request: Request) -> Response:
        """A file with one report."""
        draft = Draft(
            "05/01/2026", "Café De Korenaar", "0400.000.185", "Kerkstraat 1, 2000 Antwerpen", ("papier-karton",),
            "Karton tussen het restafval", False, "voorbeeld-1",
        )  # fmt: skip
        return _file("voorbeeld.csv", row(COLUMNS) + row(_cells(draft)))

    async def uploaded(self, request: Request) -> Response:
        """A file of an organisation, for those who see its reports."""
        visitor = self._faces.visitor_of(request)
        last = request.scope["raw_path"].split(b"/")[-1].partition(b";")[0]
        name = unquote_to_bytes(last).decode("iso-8859-1")
        organisation = request.path_params["organisation"]
        content = self._files.get(organisation, name) if visitor.sees(organisation) else None
        if content is None:
            raise Refused(404, "Dit bestand bestaat niet", "Kijk het adres van het bestand na.")
        return _file(name, content)


def _cells(draft: Draft) -> tuple[str, ...]:
    streams, refused = ", ".join(draft.streams), "ja" if draft.refused else "nee"
    return (draft.found_on, draft.producer, draft.kbo, draft.address, streams, draft.description, refused, draft.reference)  # fmt: skip


def _file(name: str, content: str | bytes) -> Response:
    octets = content.encode(LATIN, "replace") if isinstance(content, str) else content
    response = Response(octets, headers={"content-type": "text/csv;charset=windows-1252"})
    response.headers["content-disposition"] = f'attachment; filename="{name}"'
    return response
