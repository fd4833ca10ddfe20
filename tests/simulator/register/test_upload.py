"""CSV files in and out: as Excel in Belgium and others write them, with every error named and nothing half kept."""

from __future__ import annotations

import csv
import io
import sqlite3
from datetime import date

import httpx2
import pytest

from simulator.register.upload import read
from simulator.web.spreadsheet import as_written, harmless
from tests.simulator.register.conftest import INGE, MIA, OLIVIA, Office, person, report
from tests.simulator.register.test_pages import token

TODAY = date(2026, 11, 24)
HEADER = (
    "datum_vaststelling;producent_naam;producent_ondernemingsnummer;producent_adres;afvalstromen;omschrijving"
)
ROW = "20/11/2026;Bakkerij De Korenaar;0400.000.185;Kerkstraat 1;papier-karton;Karton"
FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "=cmd|' /C calc'!A0",
    " =1+1",
    "'=1",
    "'s Gravenwezel",
    '"=1"',
)


def upload(client: httpx2.Client, content: bytes) -> httpx2.Response:
    csrf = token(client.get("/meldingen/opladen"))
    return client.post(
        "/meldingen/opladen", data={"csrf": csrf}, files={"bestand": ("m.csv", content, "text/csv")}
    )


def confirm(client: httpx2.Client, place: str, **more: str) -> httpx2.Response:
    return client.post(place, data={"csrf": token(client.get(place)), **more})


def kept(client: httpx2.Client) -> int:
    return len(client.get("/api/v1/meldingen?per_pagina=200").json()["meldingen"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Excel in Belgium", ("\ufeff" + f"{HEADER}\r\n{ROW}\r\n").encode()),
        ("no byte order mark", f"{HEADER}\n{ROW}".encode()),
        ("commas", f"{HEADER}\n{ROW}".replace(";", ",").encode()),
        ("tabs, UTF-16", f"{HEADER}\r\n{ROW}".replace(";", "\t").encode("utf-16")),
        ("old Windows", f"{HEADER}\r\n{ROW}".encode("cp1252")),
        ("old Mac line ends", f"{HEADER}\r{ROW}\r".encode()),
        ("blank rows", f"\r\n{HEADER}\r\n;;;;;\r\n{ROW}\r\n;;\r\n".encode()),
        ("names in capitals", f"{HEADER.upper()}\n{ROW}".encode()),
        ("labels for codes", f"{HEADER}\n{ROW.replace('papier-karton', 'Papier en karton')}".encode()),
        ("empty cells at the end", f"{HEADER};;\n{ROW};;;".encode()),
    ],
)
def test_files_as_people_have_them(name: str, content: bytes) -> None:
    found = read(content, TODAY)
    assert found.faults == ()
    (draft,) = found.drafts
    assert (draft.found_on, draft.producer_kbo, draft.streams) == (
        "2026-11-20",
        "0400000185",
        ("papier-karton",),
    )
    assert draft.producer_name == "Bakkerij De Korenaar"


def test_quotes_line_ends_and_letters_survive() -> None:
    text = f'{HEADER};geweigerd;gevaarlijk_afval\n20/11/2026;"Café ""De; Zoen""";0400000185;"A\nB";glas | pmd;"één\r\ntwee €";X;ja\n'
    for content in (text.encode(), text.encode("cp1252"), text.encode("utf-16")):
        (draft,) = read(content, TODAY).drafts
        assert draft.producer_name == 'Café "De; Zoen"'
        assert draft.description == "één\ntwee €"
        assert draft.streams == ("glas", "pmd")
        assert draft.refused
        assert draft.hazardous


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f"{HEADER}\n{ROW}\n{ROW.replace('20/11/2026', '25/11/2026')}\n", [(3, "datum_vaststelling")]),
        (f"{HEADER}\n{ROW.replace('0400.000.185', '0400.000.186')}", [(2, "producent_ondernemingsnummer")]),
        (f"{HEADER}\n{ROW.replace('papier-karton', 'goud')}", [(2, "afvalstromen")]),
        (f"{HEADER}\n;;;;;x", [(2, name) for name in ("datum_vaststelling", "producent_naam", "producent_ondernemingsnummer", "producent_adres", "afvalstromen")]),
        (f"{HEADER};geweigerd\n{ROW};misschien", [(2, "geweigerd")]),
        (f"{HEADER};gevaarlijk_afval\n{ROW};ja", [(2, "geweigerd")]),
        (f"{HEADER};producent_vestigingsnummer\n{ROW};2000000042", [(2, "producent_adres")]),
        (f"{HEADER.replace('_adres', '_vestigingsnummer')}\n{ROW}", [(2, "producent_vestigingsnummer")]),
        (f"{HEADER};eigen_referentie\n{ROW};R-1\n{ROW};R-1", [(3, "eigen_referentie")]),
        (f"{HEADER}\n{ROW};te veel", [(2, "")]),
        (f"{HEADER};kleur\n{ROW};rood", [(1, "kleur")]),
        (f"{HEADER};omschrijving\n{ROW};x", [(1, "omschrijving")]),
        ("datum_vaststelling\n20/11/2026", [(1, name) for name in ("producent_naam", "producent_ondernemingsnummer", "afvalstromen", "omschrijving", "producent_adres")]),
        (f"{HEADER}\n{ROW.replace('Karton', 'K' * 30_000)}", [(2, "omschrijving"), (2, "omschrijving")]),
        (f'{HEADER}\n{ROW}\n20/11/2026;"open', [(0, "")]),
        (f'{HEADER}\n20/11/2026;"a"b;', [(0, "")]),
        (f"{HEADER}\n", [(0, "")]),
        ("", [(0, "")]),
        ("PK\x03\x04\0\0", [(0, "")]),
        (f"{HEADER}\n" + f"{ROW}\n" * 20_001, [(0, "")]),
        ("x" * (10 * 1024 * 1024 + 1), [(0, "")]),
    ],
)  # fmt: skip
def test_every_error_is_named_by_row_and_column(content: str, expected: list[tuple[int, str]]) -> None:
    found = read(content.encode(), TODAY)
    assert sorted((fault.row, fault.column) for fault in found.faults) == sorted(expected)
    assert all(fault.words.endswith(".") for fault in found.faults)


def test_a_file_is_shown_first_and_kept_when_confirmed(office: Office) -> None:
    inge = office.visit(INGE)
    shown = upload(inge, f"{HEADER}\n{ROW}\n{ROW}\n".encode())
    assert shown.status_code == 303
    place = shown.headers["location"]
    page = inge.get(place).text
    assert "2 meldingen indienen?" in page
    assert "Bakkerij De Korenaar" in page
    assert kept(inge) == 0
    for other in (MIA, person("jan")):
        assert office.visit(other).get(place).status_code == 404
        assert office.visit(other).post(place).status_code == 404
    assert office.visit(OLIVIA).get(place).status_code == 403
    assert inge.post(place, data={"csrf": "x"}).status_code == 422
    assert kept(inge) == 0
    done = confirm(inge, place)
    assert "2 meldingen ingediend, van NC-2026-000001 tot en met NC-2026-000002" in done.text
    assert inge.get("/api/v1/meldingen/1").json()["kanaal"] == "csv"
    assert inge.get(place).status_code == 404
    assert kept(inge) == 2


def test_one_bad_row_keeps_all_out(office: Office) -> None:
    inge = office.visit(INGE)
    rows = [ROW] * 300
    rows[150] = ROW.replace("0400.000.185", "123")
    refused = upload(inge, "\n".join([HEADER, *rows]).encode())
    assert refused.status_code == 422
    assert "1 fout in het bestand" in refused.text
    assert (
        '<td data-label="Rij">152</td><td data-label="Kolom">producent_ondernemingsnummer</td>'
        in refused.text
    )
    assert kept(inge) == 0
    many = upload(inge, "\n".join([HEADER, *["x;;;;;"] * 300]).encode())
    assert "1800 fouten" in many.text
    assert "Hier staan de eerste 200" in many.text
    script = upload(inge, b"<script>alert(1)</script>;x\ny;z")
    assert "<script>" not in script.text
    assert upload(inge, b"").status_code == 422


def test_references_and_waiting_files(office: Office) -> None:
    inge = office.visit(INGE)
    header, rows = f"{HEADER};eigen_referentie", [f"{ROW};R-1", f"{ROW};R-2"]
    first = upload(inge, "\n".join([header, *rows]).encode()).headers["location"]
    second = upload(inge, "\n".join([header, *rows, f"{ROW};R-3"]).encode()).headers["location"]
    clash = upload(inge, "\n".join([header, f"{ROW};R-4", f"{ROW}!;R-2"]).encode()).headers["location"]
    away = upload(inge, "\n".join([header, *rows]).encode()).headers["location"]
    assert "2 meldingen ingediend" in confirm(inge, first).text
    again = confirm(inge, second).text
    assert "1 melding ingediend" in again
    assert "2 stonden al in het register" in again
    refused = confirm(inge, clash)
    assert refused.status_code == 422
    assert "R-2 staat al op NC-2026-000002" in refused.text
    assert confirm(inge, away, weg="1").status_code == 303
    assert inge.get(away).status_code == 404
    assert kept(inge) == 3
    late = upload(inge, "\n".join([header, *rows]).encode()).headers["location"]
    office.clock.now += 3601
    assert inge.get(late).status_code == 404
    with sqlite3.connect(office.folder / "register-ti.db") as database:
        assert database.execute("SELECT count(*) FROM report").fetchone() == (3,)
    database.close()


def test_ten_thousand_rows_come_in_and_go_out(office: Office) -> None:
    inge = office.visit(INGE)
    rows = [f"{ROW} {number};R-{number}" for number in range(10_000)]
    place = upload(inge, "\n".join([f"{HEADER};eigen_referentie", *rows]).encode()).headers["location"]
    assert "10000 meldingen ingediend" in confirm(inge, place).text
    lines = list(
        csv.reader(io.StringIO(inge.get("/meldingen/export.csv").text.removeprefix("\ufeff")), delimiter=";")
    )
    assert len(lines) == 10_001
    assert lines[1][0] == "NC-2026-010000"
    assert lines[1][-1] == "R-9999"


def test_no_cell_is_a_formula_and_a_file_can_come_back(office: Office) -> None:
    inge, mia = office.visit(INGE), office.visit(MIA)
    for number, text in enumerate(FORMULAS):
        producer = {"naam": text, "ondernemingsnummer": "0400000185", "adres": text}
        made = inge.post(
            "/api/v1/meldingen",
            json=report(omschrijving=text, producent=producer, eigen_referentie=f"={number}"),
        )
        assert made.status_code == 201, made.text
    answer = inge.get("/meldingen/export.csv?van=01/11/2026")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="meldingen-2026-11-24.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    for line in csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"):
        for cell in line:
            assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r")), cell
    place = upload(mia, answer.content).headers["location"]
    assert f"{len(FORMULAS)} meldingen ingediend" in confirm(mia, place).text
    back = {each["omschrijving"] for each in mia.get("/api/v1/meldingen").json()["meldingen"]}
    assert back == {text.strip() for text in FORMULAS}
    assert inge.get("/meldingen/export.csv?van=x").status_code == 400
    assert len(inge.get("/meldingen/export.csv?status=geannuleerd").text.splitlines()) == 1


@pytest.mark.parametrize("text", [*FORMULAS, "", "gewoon", "'", "''", "'=", "''=", "\n=1"])
def test_harmless_has_an_opposite(text: str) -> None:
    assert as_written(harmless(text)) == text


def test_the_example_can_be_sent(office: Office) -> None:
    inge = office.visit(INGE)
    example = inge.get("/meldingen/voorbeeld.csv").content
    found = read(example, TODAY)
    assert found.faults == ()
    assert upload(inge, example).status_code == 303
    assert office.visit(OLIVIA).get("/meldingen/voorbeeld.csv").status_code == 403
