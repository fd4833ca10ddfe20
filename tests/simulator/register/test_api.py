"""The interface for machines, over HTTP: every operation, every refusal, and what one organisation sees of another."""

from __future__ import annotations

import json
from typing import Any

import httpx2

from tests.simulator.register.conftest import (
    DAY,
    INGE,
    MAASLAND,
    MACHINE,
    MIA,
    NOBODY,
    OLIVIA,
    PEETERS,
    Office,
    person,
    report,
)

ALL = "/api/v1/meldingen"
JSON = {"content-type": "application/json"}


def fields(answer: httpx2.Response) -> set[str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return {each["veld"] for each in answer.json()["fouten"]}


def test_a_machine_submits_reads_corrects_and_cancels(office: Office) -> None:
    machine = office.visit(MACHINE)
    made = machine.post(
        ALL,
        json=report(
            moment="klant", recipient={"soort": "rolcontainer", "volume": 1100}, gevaarlijk_afval=True, geweigerd=True,
            nagesorteerd=False, klant_verwittigd={"datum": "21/11/2026", "kanaal": "e-mail"}, eigen_referentie="R-1",
        ),
    )  # fmt: skip
    assert made.status_code == 201, made.text
    first = made.json()
    assert made.headers["location"] == f"{ALL}/{first['id']}"
    assert (first["registratienummer"], first["status"], first["versie"]) == (
        "NC-2026-000001",
        "ingediend",
        1,
    )
    assert first["kanaal"] == "api"
    assert first["indiener"]["organisatie"] == PEETERS
    assert "peeters-koppeling" not in made.text
    assert first["producent"]["ondernemingsnummer"] == "0400000185"
    assert first["klant_verwittigd"] == {"datum": "2026-11-21", "kanaal": "e-mail"}
    assert first["recipient"] == {"soort": "rolcontainer", "volume": 1100}
    assert first["ingediend_op"] == "2026-11-24T14:15:00+00:00"
    one = f"{ALL}/{first['id']}"
    read = machine.get(one)
    assert {**read.json(), "fotos": None} == {**first, "fotos": None}
    assert read.headers["etag"] == '"1"'
    changed = machine.put(
        one, json=report(omschrijving="Ook glas", afvalstromen=["glas"]), headers={"if-match": '"1"'}
    )
    assert (changed.status_code, changed.json()["versie"], changed.json()["omschrijving"]) == (
        200,
        2,
        "Ook glas",
    )
    assert changed.json()["registratienummer"] == "NC-2026-000001"
    gone = machine.post(f"{one}/annulering", json={"reden": "Dubbel gemeld"})
    assert (gone.status_code, gone.json()["status"], gone.json()["reden_annulering"]) == (
        200, "geannuleerd", "Dubbel gemeld",
    )  # fmt: skip
    again = machine.post(f"{one}/annulering", json={"reden": "Dubbel gemeld"})
    assert (again.status_code, again.headers["content-type"]) == (409, "application/problem+json")


def test_direct_calls_and_foreign_assertions_are_refused(office: Office) -> None:
    good = office.sign(INGE)
    head, _, rest = good.partition(".")
    forged = [{}] + [
        {"x-toegangspoort-assertion": value}
        for value in (
            "",
            "x",
            good[:-2],
            f"{head}.{rest}x",
            "eyJhbGciOiJub25lIn0." + rest.split(".")[0] + ".",
        )
    ]
    forged.append({"x-auth-organisation": PEETERS, "x-forwarded-user": "inge"})
    stranger = office.visit(None)
    for headers in forged:
        for path in ("/", "/meldingen/nieuw", "/producenten", ALL, f"{ALL}/1", "/meldingen/export.csv"):
            assert stranger.get(path, headers=headers).status_code == 403, (path, headers)
        assert stranger.post(ALL, json=report(), headers=headers).status_code == 403
    assert stranger.get(ALL).headers["content-type"] == "application/problem+json"
    for path in ("/health", "/echo", "/echo/bytes?size=3"):
        assert stranger.get(path).status_code == 200
    office.clock.now += 120
    assert stranger.get(ALL, headers={"x-toegangspoort-assertion": good}).status_code == 403


def test_who_has_no_right_or_organisation_reads_and_writes_nothing(office: Office) -> None:
    homeless = person("x", "", name="")
    for who in (NOBODY, homeless):
        assert office.visit(who).get(ALL).status_code == 403
        assert office.visit(who).get("/").status_code == 403
        assert office.visit(who).post(ALL, json=report()).status_code == 403
    assert office.visit(OLIVIA).post(ALL, json=report()).status_code == 403
    assert office.visit(OLIVIA).get("/meldingen/nieuw").status_code == 403


def test_one_organisation_sees_nothing_of_another(office: Office) -> None:
    inge, mia, olivia = office.visit(INGE), office.visit(MIA), office.visit(OLIVIA)
    number = inge.post(ALL, json=report(eigen_referentie="R-1")).json()["id"]
    mine = mia.post(ALL, json=report(eigen_referentie="R-1"))
    assert mine.status_code == 201
    for method, path, more in (
        ("GET", f"{ALL}/{number}", {}),
        ("PUT", f"{ALL}/{number}", {"json": report(), "headers": {"if-match": '"1"'}}),
        ("POST", f"{ALL}/{number}/annulering", {"json": {"reden": "x"}}),
        ("GET", f"/meldingen/{number}", {}),
        ("GET", f"/meldingen/{number}/bewerken", {}),
        ("GET", f"/meldingen/{number}/annuleren", {}),
        ("GET", f"/meldingen/{number}/fotos/1", {}),
        ("POST", f"/meldingen/{number}/fotos", {"files": {"fotos": b"x"}}),
    ):  # fmt: skip
        assert mia.request(method, path, **more).status_code == 404, (method, path)
    assert [each["indiener"]["organisatie"] for each in mia.get(ALL).json()["meldingen"]] == [MAASLAND]
    assert mia.get(f"{ALL}?indiener={PEETERS}").json()["meldingen"] == []
    assert PEETERS not in mia.get("/meldingen/export.csv").text
    assert mia.get(f"/organisaties/{PEETERS}/meldingen/").status_code == 403
    assert inge.get(f"/organisaties/{PEETERS}/meldingen/").status_code == 200
    everything = olivia.get(ALL).json()["meldingen"]
    assert {each["indiener"]["organisatie"] for each in everything} == {PEETERS, MAASLAND}
    assert olivia.get(f"/meldingen/{number}").status_code == 200
    assert olivia.get(f"/meldingen/{number}/bewerken").status_code == 403
    assert olivia.put(f"{ALL}/{number}", json=report(), headers={"if-match": '"1"'}).status_code == 403
    own = olivia.get(f"/organisaties/{PEETERS}/meldingen/").text
    assert "Containerdienst Peeters nv" in own
    assert "Maasland bv" not in own


WRONG: list[tuple[str, dict[str, Any], set[str]]] = [
    ("future", {"datum_vaststelling": "2026-11-25"}, {"datum_vaststelling"}),
    ("no date", {"datum_vaststelling": "31/02/2026"}, {"datum_vaststelling"}),
    ("date missing", {"datum_vaststelling": None}, {"datum_vaststelling"}),
    ("check digits", {"producent": {"naam": "A", "ondernemingsnummer": "0400000186", "adres": "B"}}, {"producent.ondernemingsnummer"}),
    ("foreign digits", {"producent": {"naam": "A", "ondernemingsnummer": "٠٤٠٠٠٠٠١٨٥", "adres": "B"}}, {"producent.ondernemingsnummer"}),
    ("establishment", {"producent": {"naam": "A", "ondernemingsnummer": "0400000185", "vestigingsnummer": "2000000001"}}, {"producent.vestigingsnummer"}),
    ("establishment is text", {"producent": {"naam": "A", "ondernemingsnummer": "0400000185", "vestigingsnummer": "Kerkstraat"}}, {"producent.vestigingsnummer"}),
    ("both places", {"producent": {"naam": "A", "ondernemingsnummer": "0400000185", "vestigingsnummer": "2000000042", "adres": "B"}}, {"producent.adres"}),
    ("no place", {"producent": {"naam": "A", "ondernemingsnummer": "0400000185"}}, {"producent.adres"}),
    ("no producer", {"producent": None}, {"producent.naam", "producent.ondernemingsnummer", "producent.adres"}),
    ("producer is text", {"producent": "A"}, {"producent", "producent.naam", "producent.ondernemingsnummer", "producent.adres"}),
    ("no stream", {"afvalstromen": []}, {"afvalstromen"}),
    ("unknown stream", {"afvalstromen": ["glas", "goud"]}, {"afvalstromen"}),
    ("stream is text", {"afvalstromen": "glas"}, {"afvalstromen"}),
    ("stream is number", {"afvalstromen": [1]}, {"afvalstromen"}),
    ("no description", {"omschrijving": "  "}, {"omschrijving"}),
    ("long", {"omschrijving": "x" * 4_001}, {"omschrijving"}),
    ("control sign", {"omschrijving": "a\u0000b"}, {"omschrijving"}),
    ("half a surrogate", {"omschrijving": "a\ud800"}, {"omschrijving"}),
    ("hazardous", {"gevaarlijk_afval": True}, {"geweigerd"}),
    ("flag is text", {"geweigerd": "ja"}, {"geweigerd"}),
    ("volume is yes", {"recipient": {"volume": True}}, {"recipient.volume"}),
    ("volume is negative", {"recipient": {"volume": -1}}, {"recipient.volume"}),
    ("container", {"recipient": {"soort": "emmer"}}, {"recipient.soort"}),
    ("moment", {"moment": "ooit"}, {"moment"}),
    ("told without channel", {"klant_verwittigd": {"datum": "2026-11-20"}}, {"klant_verwittigd.kanaal"}),
    ("told without date", {"klant_verwittigd": {"kanaal": "brief"}}, {"klant_verwittigd.datum"}),
    ("told before", {"klant_verwittigd": {"kanaal": "brief", "datum": "2026-11-19"}}, {"klant_verwittigd.datum"}),
    ("told tomorrow", {"klant_verwittigd": {"kanaal": "brief", "datum": "2026-11-25"}}, {"klant_verwittigd.datum"}),
    ("unknown field", {"status": "geannuleerd"}, {"status"}),
    ("unknown inner field", {"recipient": {"kleur": "groen"}}, {"recipient.kleur"}),
    ("odd name", {"a\ud800": 1}, {"a?"}),
    ("path as name", {"producent.naam": "B"}, {"producent·naam"}),
    ("other organisation", {"indiener": {"organisatie": MAASLAND}}, {"indiener"}),
]  # fmt: skip


def test_what_is_refused_is_named_by_field_and_not_kept(office: Office) -> None:
    machine = office.visit(MACHINE)
    for name, changes, expected in WRONG:
        answer = machine.post(ALL, content=json.dumps(report(**changes)), headers=JSON)
        assert (name, answer.status_code) == (name, 422), answer.text
        assert (name, fields(answer)) == (name, expected)
    assert machine.get(ALL).json()["meldingen"] == []


def test_an_establishment_stands_for_an_address(office: Office) -> None:
    for establishment in ("2.000.000.042", "2000000042"):
        producer = {"naam": "A", "ondernemingsnummer": "BE 0400.000.185", "vestigingsnummer": establishment}
        made = office.visit(MACHINE).post(ALL, json=report(producent=producer))
        assert made.status_code == 201, made.text
        assert made.json()["producent"]["vestigingsnummer"] == "2000000042"
        assert made.json()["producent"]["adres"] is None


BODIES = [
    (b"{}", "text/plain", 415),
    (b"{}", "application/x-www-form-urlencoded", 415),
    (b"{", "application/json", 400),
    (b"\xff", "application/json", 400),
    (b'{"a": NaN}', "application/json", 400),
    (b'{"omschrijving": "a", "omschrijving": "b"}', "application/json", 400),
    (b"[" * 100_000, "application/json", 400),
    (b'{"recipient": {"volume": ' + b"9" * 5_000 + b"}}", "application/json", 400),
    (b"[]", "application/json", 422),
    (b'"' + b"x" * (8 * 1024 * 1024) + b'"', "application/json", 413),
]


def test_bodies_that_are_no_report(office: Office) -> None:
    machine = office.visit(MACHINE)
    for content, type_, status in BODIES:
        answer = machine.post(ALL, content=content, headers={"content-type": type_})
        assert (content[:40], answer.status_code) == (content[:40], status)
        assert answer.json()["status"] == status


def test_the_same_own_reference_is_one_report(office: Office) -> None:
    machine = office.visit(MACHINE)
    first = machine.post(ALL, json=report(eigen_referentie="R-1"))
    second = machine.post(ALL, json=report(eigen_referentie="R-1"))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    other = machine.post(ALL, json=report(eigen_referentie="R-1", omschrijving="Iets anders"))
    assert other.status_code == 409
    assert other.json()["bestaande_melding"] == first.json()["id"]
    assert fields(other) == {"eigen_referentie"}
    third = machine.post(ALL, json=report(eigen_referentie="R-2")).json()["id"]
    moved = machine.put(f"{ALL}/{third}", json=report(eigen_referentie="R-1"), headers={"if-match": '"1"'})
    assert moved.status_code == 409
    assert len(machine.get(ALL).json()["meldingen"]) == 2


def test_a_batch_is_kept_whole_or_not_at_all(office: Office) -> None:
    machine = office.visit(MACHINE)
    wrong = [report(eigen_referentie="A"), report(afvalstromen=[]), "x", report(eigen_referentie="B")]
    answer = machine.post(f"{ALL}/batch", json={"meldingen": wrong})
    assert answer.status_code == 422
    items = answer.json()["meldingen"]
    assert [(each["index"], each["fouten"][0]["veld"]) for each in items] == [(1, "afvalstromen"), (2, "")]
    assert machine.get(ALL).json()["meldingen"] == []
    clash = [report(eigen_referentie="A"), report(eigen_referentie="A", omschrijving="anders")]
    answer = machine.post(f"{ALL}/batch", json={"meldingen": clash})
    assert (answer.status_code, answer.json()["meldingen"][0]["index"]) == (409, 1)
    assert machine.get(ALL).json()["meldingen"] == []
    right = [report(eigen_referentie="A"), report(), report(eigen_referentie="A")]
    answer = machine.post(f"{ALL}/batch", json={"meldingen": right})
    assert answer.status_code == 201
    assert [each["nieuw"] for each in answer.json()["meldingen"]] == [True, True, False]
    again = machine.post(f"{ALL}/batch", json={"meldingen": right[:1]})
    assert [each["nieuw"] for each in again.json()["meldingen"]] == [False]
    assert len(machine.get(ALL).json()["meldingen"]) == 2
    for body in (
        {},
        [],
        {"meldingen": []},
        {"meldingen": [report()] * 1_001},
        {"meldingen": [report()], "x": 1},
    ):
        assert machine.post(f"{ALL}/batch", json=body).status_code == 422


def test_corrections_need_the_version_and_the_term(office: Office) -> None:
    machine = office.visit(MACHINE)
    one = f"{ALL}/{machine.post(ALL, json=report()).json()['id']}"
    assert machine.put(one, json=report()).status_code == 428
    for version in ('"2"', "x", '"1", "2"', "*"):
        assert machine.put(one, json=report(), headers={"if-match": version}).status_code == 412
    assert machine.put(one, json=report(omschrijving=""), headers={"if-match": '"1"'}).status_code == 422
    for reason in (
        {},
        {"reden": ""},
        {"reden": 1},
        {"reden": "x" * 501},
        {"reden": "\u0001"},
        {"reden": "x", "y": 1},
    ):
        assert machine.post(f"{one}/annulering", json=reason).status_code == 422
    office.clock.now += 14 * DAY
    assert (
        machine.put(one, json=report(omschrijving="Nog net"), headers={"if-match": '"1"'}).status_code == 200
    )
    office.clock.now += 1
    assert machine.put(one, json=report(), headers={"if-match": '"2"'}).status_code == 409
    assert machine.post(f"{one}/annulering", json={"reden": "x"}).status_code == 409
    for number in (99, 2**63, 10**30):
        assert machine.get(f"{ALL}/{number}").status_code == 404


def test_filters_and_pages(office: Office) -> None:
    machine = office.visit(MACHINE)
    other = {"naam": "100% Puur_Zuivel", "ondernemingsnummer": "0777000187", "adres": "B"}
    for changes in (
        {"datum_vaststelling": "2026-10-01"},
        {"afvalstromen": ["glas", "pmd"], "geweigerd": True},
        {"producent": other},
    ):
        assert machine.post(ALL, json=report(**changes)).status_code == 201
    machine.post(f"{ALL}/1/annulering", json={"reden": "x"})
    for query, expected in (
        ("", [3, 2, 1]), ("van=2026-10-02", [3, 2]), ("van=02/10/2026&tot=20/11/2026", [3, 2]), ("tot=2026-10-01", [1]),
        ("producent=0777.000.187", [3]), ("producent=korenaar", [2, 1]), ("producent=100%25", [3]),
        ("producent=_", [3]), ("afvalstroom=glas", [2]), ("afvalstroom=papier-karton", [3, 1]), ("geweigerd=ja", [2]),
        ("geweigerd=nee", [3, 1]), ("status=geannuleerd", [1]), ("status=ingediend&geweigerd=nee", [3]),
        ("status=concept", []), ("producent='%20OR%201=1--", []),
    ):  # fmt: skip
        answer = machine.get(f"{ALL}?{query}")
        assert (query, [each["id"] for each in answer.json()["meldingen"]]) == (query, expected)
    seen, path = [], f"{ALL}?per_pagina=1&geweigerd=nee"
    while path:
        page = machine.get(path).json()
        seen += [each["id"] for each in page["meldingen"]]
        path = page["volgende"]
    assert seen == [3, 1]
    for query, field in (
        ("van=gisteren", "van"), ("van=2026-99-01", "van"), ("tot=1/1/26", "tot"), ("afvalstroom=goud", "afvalstroom"),
        ("status=x", "status"), ("geweigerd=1", "geweigerd"), ("per_pagina=0", "per_pagina"), ("per_pagina=201", "per_pagina"),
        ("na=x", "na"), ("pagina=2", "pagina"), ("van=2026-02-02&tot=2026-02-01", "tot"),
    ):  # fmt: skip
        answer = machine.get(f"{ALL}?{query}")
        assert (query, answer.status_code, fields(answer)) == (query, 400, {field})


def test_codes_and_addresses_that_do_not_exist(office: Office) -> None:
    machine = office.visit(MACHINE)
    codes = machine.get("/api/v1/afvalstromen").json()["afvalstromen"]
    assert len(codes) == 24
    assert {"code": "pmd", "naam": "pmd"} in codes
    for method, path, status in (("GET", "/api/v1/x", 404), ("DELETE", ALL, 405), ("PATCH", f"{ALL}/1", 405)):
        answer = machine.request(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
