"""The pages for people, over HTTP: writing, keeping what was typed, photos, and forms that come from elsewhere."""

from __future__ import annotations

import re
import struct
import zlib
from typing import Any

import httpx2

from tests.simulator.register.conftest import DAY, INGE, MIA, OLIVIA, Office, person, report

TYPED = {
    "found_on": "20/11/2026",
    "producer_name": "Bakkerij <De> Korenaar",
    "producer_kbo": "0400.000.185",
    "place": "Kerkstraat 1",
    "streams": ["papier-karton", "glas"],
    "description": "Karton & glas\r\ntussen het restafval",
    "refused": "ja",
    "reference": "R-9",
}


def token(page: httpx2.Response) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found, page.text[:500]
    return found[1]


def send(client: httpx2.Client, path: str, *, form: str | None = None, **typed: Any) -> httpx2.Response:
    """Fill in the form that stands at `form` and send it to `path`."""
    csrf = token(client.get(form or path))
    return client.post(path, data={"csrf": csrf, **typed})


def png(width: int = 1) -> bytes:
    def part(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = struct.pack(">IIBBBBB", width, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" + b"\x80" * width)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", pixels) + part(b"IEND", b"")


def test_a_report_is_submitted_shown_corrected_and_cancelled(office: Office) -> None:
    inge = office.visit(INGE)
    done = send(inge, "/meldingen/nieuw", **TYPED)
    assert (done.status_code, done.headers["location"]) == (303, "/?ingediend=1")
    shown = inge.get("/?ingediend=1").text
    assert "NC-2026-000001" in shown
    assert "20/11/2026" in shown
    assert "Bakkerij &lt;De&gt; Korenaar" in shown
    one = inge.get("/meldingen/1").text
    for words in (
        "Karton &amp; glas",
        "0400.000.185",
        "papier en karton, glas",
        "08/12/2026 om 15:15",
        "R-9",
    ):
        assert words in one, words
    changed = send(inge, "/meldingen/1/bewerken", version="1", **{**TYPED, "description": "Alleen glas"})
    assert changed.headers["location"] == "/meldingen/1?bewaard=1"
    one = inge.get("/meldingen/1").text
    assert "Alleen glas" in one
    assert "Versie 1, tot 24/11/2026 om 15:15" in one
    assert "Karton &amp; glas" in one
    stale = send(inge, "/meldingen/1/bewerken", version="1", **{**TYPED, "description": "Te laat"})
    assert stale.status_code == 422
    assert "intussen gewijzigd" in stale.text
    assert "Te laat" in stale.text
    empty = send(inge, "/meldingen/1/annuleren", reason=" ")
    assert empty.status_code == 422
    gone = send(inge, "/meldingen/1/annuleren", reason="Dubbel")
    assert gone.status_code == 303
    one = inge.get("/meldingen/1").text
    assert "geannuleerd</span> – Dubbel" in one
    assert "/bewerken" not in one
    for path in ("/meldingen/1/bewerken", "/meldingen/1/annuleren"):
        assert inge.get(path).status_code == 409


def test_the_term_ends(office: Office) -> None:
    inge = office.visit(INGE)
    send(inge, "/meldingen/nieuw", **TYPED)
    assert inge.get("/meldingen/1/bewerken").status_code == 200
    office.clock.now += 14 * DAY + 1
    assert inge.get("/meldingen/1/bewerken").status_code == 409
    assert "liep tot 08/12/2026 om 15:15" in inge.get("/meldingen/1").text


def test_what_was_typed_stays_with_words_by_each_field(office: Office) -> None:
    inge = office.visit(INGE)
    typed = {
        **TYPED, "found_on": "32/11/2026", "producer_kbo": "0400.000.186", "place": "2.000.000.043", "volume": "veel",
        "told_on": "20/11/2026", "hazardous": "ja", "reference": '"><script>alert(1)</script>',
    }  # fmt: skip
    del typed["refused"], typed["streams"]
    refused = send(inge, "/meldingen/nieuw", **typed)
    assert refused.status_code == 422
    text = refused.text
    for name in ("found_on", "producer_kbo", "place", "volume", "streams", "told_by", "refused"):
        assert f'<a href="#{name}">' in text, name
        assert f'id="{name}-fout"' in text, name
        assert re.search(rf'id="{name}"', text), name
    for value in (
        "32/11/2026",
        "0400.000.186",
        "Bakkerij &lt;De&gt; Korenaar",
        "veel",
        "Karton &amp; glas\ntussen",
    ):
        assert value in text, value
    assert re.search(r'id="hazardous"[^>]* checked', text)
    assert "<script>" not in text
    assert 'role="alert"' in text
    assert inge.get("/api/v1/meldingen").json()["meldingen"] == []


def test_forms_of_other_sites_are_refused(office: Office) -> None:
    inge, mia = office.visit(INGE), office.visit(MIA)
    foreign = token(mia.get("/meldingen/nieuw"))
    colleague = token(office.visit(person("jan")).get("/meldingen/nieuw"))
    old = token(inge.get("/meldingen/nieuw"))
    office.clock.now += 4 * 3600 + 1
    for csrf in ("", "x", foreign, colleague, old):
        answer = inge.post("/meldingen/nieuw", data={**TYPED, "csrf": csrf})
        assert answer.status_code == 422
        assert "verlopen" in answer.text
        assert "Kerkstraat 1" in answer.text
        assert (
            inge.post("/meldingen/opladen", data={"csrf": csrf}, files={"bestand": b"x"}).status_code == 422
        )
    send(inge, "/meldingen/nieuw", **TYPED)
    for path in ("/meldingen/1/annuleren", "/meldingen/1/bewerken"):
        assert inge.post(path, data={**TYPED, "reason": "x", "version": "1"}).status_code == 422
    assert inge.post("/meldingen/1/fotos", files={"fotos": ("a.png", png())}).status_code == 422
    assert inge.get("/api/v1/meldingen/1").json()["status"] == "ingediend"
    assert inge.get("/api/v1/meldingen/1").json()["fotos"] == []


def test_a_concept_waits_and_is_nobody_elses(office: Office) -> None:
    inge = office.visit(INGE)
    kept = send(
        inge, "/meldingen/nieuw", found_on="ooit", producer_name="Slager", concept="1", reference="R-1"
    )
    assert kept.headers["location"] == "/meldingen/1?bewaard=1"
    assert office.visit(MIA).get("/meldingen/1").status_code == 404
    assert office.visit(OLIVIA).get("/meldingen/1").status_code == 404
    assert office.visit(OLIVIA).get("/api/v1/meldingen").json()["meldingen"] == []
    again = inge.get("/meldingen/1/bewerken").text
    assert 'value="ooit"' in again
    assert "concept 1" in inge.get("/").text
    assert "ooit" in inge.get("/meldingen/export.csv").text
    office.clock.now += 100 * DAY
    more = send(inge, "/meldingen/1/bewerken", version="1", producer_name="Slager Janssens", concept="1")
    assert more.status_code == 303
    wrong = send(inge, "/meldingen/1/bewerken", version="2", **{**TYPED, "streams": []})
    assert wrong.status_code == 422
    done = send(inge, "/meldingen/1/bewerken", version="2", **TYPED)
    assert done.headers["location"] == "/?ingediend=1"
    found = inge.get("/api/v1/meldingen/1").json()
    assert (found["registratienummer"], found["status"], found["versie"]) == (
        "NC-2027-000001",
        "ingediend",
        3,
    )
    unkeepable = send(inge, "/meldingen/nieuw", producer_name="x" * 201, concept="1")
    assert unkeepable.status_code == 422
    taken = send(inge, "/meldingen/nieuw", reference="R-9", concept="1")
    assert "Deze referentie staat al op NC-2027-000001" in taken.text


def test_numbers_begin_again_with_the_year_of_belgium(office: Office) -> None:
    inge = office.visit(INGE)
    office.clock.now = 1_798_758_000.0  # 2026-12-31T23:00:00Z: midnight in Belgium
    assert inge.post("/api/v1/meldingen", json=report()).json()["registratienummer"] == "NC-2027-000001"
    office.clock.now -= 1
    assert inge.post("/api/v1/meldingen", json=report()).json()["registratienummer"] == "NC-2026-000001"


def test_photos_are_taken_for_what_they_hold(office: Office) -> None:
    inge = office.visit(INGE)
    send(inge, "/meldingen/nieuw", **TYPED)

    def add(*files: tuple[str, bytes, str]) -> httpx2.Response:
        csrf = token(inge.get("/meldingen/1"))
        return inge.post("/meldingen/1/fotos", data={"csrf": csrf}, files=[("fotos", each) for each in files])

    for name, content in (
        ("a.png", b"<html><script>alert(1)</script>"),
        ("a.jpg", b"\xff\xd8\xff" + b"<script>"),
        ("a.png", png()[:-1]),
        ("a.gif", b"GIF89a" + bytes(20)),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("groot.png", png()[:-12] + bytes(5 * 1024 * 1024) + png()[-12:]),
    ):
        refused = add((name, content, "image/png"))
        assert refused.status_code == 422, name
        assert 'id="fotos-fout"' in refused.text
    assert add().status_code == 422
    name = '../../"><script>.html'
    assert (
        add((name, png(), "text/html"), ("b.jpg", b"\xff\xd8\xff\xe0x\xff\xd9", "image/jpeg")).status_code
        == 303
    )
    assert add(("opnieuw.png", png(), "image/png")).status_code == 303
    shown = inge.get("/meldingen/1").text
    assert "<script>" not in shown
    assert "&lt;script&gt;.html" in shown
    photos = inge.get("/api/v1/meldingen/1").json()["fotos"]
    assert [each["type"] for each in photos] == ["image/png", "image/jpeg"]
    answer = inge.get("/meldingen/1/fotos/1")
    assert answer.content == png()
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == 'inline; filename="foto-1-1.png"'
    assert "sandbox" in answer.headers["content-security-policy"]
    kept = sorted(path.name for path in (office.folder / "register-ti-fotos").iterdir())
    assert kept == sorted(each["sha256"] for each in photos)
    assert inge.get("/meldingen/1/fotos/9").status_code == 404
    assert office.visit(OLIVIA).get("/meldingen/1/fotos/1").status_code == 200
    assert office.visit(MIA).get("/meldingen/1/fotos/1").status_code == 404
    for width in range(2, 6):
        assert add((f"{width}.png", png(width), "")).status_code == 303
    assert "al 6 foto" in add(("7.png", png(7), "")).text
    for photo in (1, 99):
        assert send(inge, f"/meldingen/1/fotos/{photo}/verwijderen", form="/meldingen/1").status_code == 303
    assert inge.get("/meldingen/1/fotos/1").status_code == 404
    assert len(list((office.folder / "register-ti-fotos").iterdir())) == 5
    office.clock.now += 14 * DAY + 1
    assert inge.post("/meldingen/1/fotos", files={"fotos": png()}).status_code == 409


def test_too_much_is_refused_before_it_is_read(office: Office) -> None:
    inge = office.visit(INGE)
    csrf = token(inge.get("/meldingen/nieuw"))
    answer = inge.post("/meldingen/nieuw", data={"csrf": csrf, "description": "x" * 300_000})
    assert answer.status_code == 413
    many = inge.post("/meldingen/nieuw", data={"csrf": csrf, "streams": ["glas"] * 200})
    assert many.status_code == 400


def test_lists_show_filters_pages_and_producers(office: Office) -> None:
    inge = office.visit(INGE)
    batch = [report() for _ in range(60)] + [
        report(producent={"naam": "Zuivel", "ondernemingsnummer": "0777000187", "adres": "B"}, geweigerd=True, gevaarlijk_afval=True)
    ]  # fmt: skip
    assert inge.post("/api/v1/meldingen/batch", json={"meldingen": batch}).status_code == 201
    first = inge.get("/").text
    assert "61 meldingen" in first
    assert "Pagina 1 van 3" in first
    last = inge.get("/?pagina=3&geweigerd=nee").text
    assert "60 meldingen" in last
    assert "geweigerd=nee&amp;pagina=2" in last
    assert "Geen melding past" in inge.get("/?status=geannuleerd").text
    assert inge.get("/?pagina=99").status_code == 200
    for query in ("van=gisteren", "afvalstroom=%3Cx%3E"):
        wrong = inge.get(f"/?{query}")
        assert wrong.status_code == 400
        assert "Deze filters kloppen niet" in wrong.text
    assert 'value="gisteren"' in inge.get("/?van=gisteren").text
    assert 'name="indiener"' not in first
    assert "aria-required" not in first
    for code, words in ((INGE.organisation, "61 meldingen"), (MIA.organisation, "Geen melding past")):
        assert code is not None
        everything = office.visit(OLIVIA).get(f"/?indiener={code.code}").text
        assert words in everything
        assert f'value="{code.code}"' in everything
    producers = inge.get("/producenten").text
    rows = re.findall(r'<td class="number"[^>]*>(\d+)</td>', producers)
    assert rows == ["60", "0", "0", "1", "1", "1"]
    assert "/?producent=0777000187&amp;status=ingediend" in producers
    assert "Er zijn nog geen ingediende meldingen" in office.visit(MIA).get("/producenten").text


def test_pages_say_what_they_are_and_allow_no_scripts(office: Office) -> None:
    inge = office.visit(INGE)
    for path in ("/", "/meldingen/nieuw", "/meldingen/opladen", "/producenten"):
        page = inge.get(path)
        assert page.status_code == 200
        assert "Simulatie T&amp;I" in page.text
        assert page.text.count("<h1>") == 1
        assert page.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in page.headers["content-security-policy"]
    missing = inge.get("/weg")
    assert missing.status_code == 404
    assert "Deze pagina bestaat niet" in missing.text
    assert inge.put("/").status_code == 405
    forged = inge.get("/?ingediend=%3Cb%3E").text
    assert "is ingediend" not in forged
    assert "is ingediend" not in office.visit(MIA).get("/?ingediend=1").text
