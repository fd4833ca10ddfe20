"""Claims as ACM was seen to send them, and as nobody should: what becomes of each in the Identity."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.claims import identity_from, parse_right
from gateway.auth.settings import ClaimSettings, RightsSettings
from gateway.model import ClaimFault, Identity, Organisation, Right

NOW = 1_800_000_000.0
PERSON = {"iss": "https://acm.test/op", "sub": "3f" * 20}
INDIENER = Right("OVAMGebruiker", "NonConformiteitenIndiener", "0456789034")


def identity(names: ClaimSettings | None = None, **claims: Any) -> Identity:
    settings = RightsSettings(claims=("ovam_rol_3d", "ovam _rol_2d"))
    return identity_from(PERSON | claims, names or ClaimSettings(), settings, now=NOW)


def test_everything_that_acm_sends() -> None:
    found = identity(
        given_name="An",
        family_name="Peeters",
        vo_email="an@example.com",
        phone_number="+32 2 553 17 00",
        vo_doelgroepcode="EA",
        vo_orgcode="0456789034",
        vo_orgnaam="Containerdienst Peeters nv",
        ovam_rol_3d=["OVAMGebruiker-NonConformiteitenIndiener:0456789034"],
        acr="urn:be:vlaanderen:authmech:eid",
        cot="vo",
        kid="k1",
    )

    assert found == Identity(
        issuer="https://acm.test/op",
        subject="3f" * 20,
        given_name="An",
        family_name="Peeters",
        email="an@example.com",
        phone="+32 2 553 17 00",
        doelgroep="EA",
        organisation=Organisation("0456789034", "Containerdienst Peeters nv"),
        rights=(INDIENER,),
        acr="urn:be:vlaanderen:authmech:eid",
        authenticated_at=NOW,
    )


def test_bare_minimum() -> None:
    assert identity() == Identity("https://acm.test/op", "3f" * 20, authenticated_at=NOW)


@pytest.mark.parametrize(
    ("element", "rights"),
    [
        ("OVAMGebruiker-NonConformiteitenIndiener:0456789034", [INDIENER]),
        ("OVAMGebruiker-Non-conformiteiten indiener:0456789034", [("OVAMGebruiker", "Non-conformiteiten indiener", "0456789034")]),
        ("SubsidiepuntGebruiker:0426994097", [("SubsidiepuntGebruiker", None, "0426994097")]),
        ("Right-urn:a:b:OVO002949", [("Right", "urn:a:b", "OVO002949")]),
        ("Right-a,b:OVO002949", [("Right", "a", "OVO002949"), ("Right", "b", "OVO002949")]),
        ("Loket:X, Y, Z", [("Loket", None, "X"), ("Loket", None, "Y"), ("Loket", None, "Z")]),
        ("R-a , b:X,Y", [("R", "a", "X"), ("R", "a", "Y"), ("R", "b", "X"), ("R", "b", "Y")]),
        ("Right-50042:0456789034", [("Right", "50042", "0456789034")]),
        (" Right - ctx : OVO002949 ", [("Right", "ctx", "OVO002949")]),
    ],
)  # fmt: skip
def test_forms_of_a_right(element: str, rights: list[Any]) -> None:
    wanted = tuple(right if isinstance(right, Right) else Right(*right) for right in rights)

    assert parse_right(element) == wanted


@pytest.mark.parametrize(
    "element",
    [
        "",
        ":",
        "-:",
        "Right",
        "Right-ctx",
        "Right-ctx:",
        ":OVO1",
        "-ctx:OVO1",
        "Right-:OVO1",
        "Right-a,:OVO1",
        "R-c:A,",
    ],
)
def test_forms_that_grant_nothing(element: str) -> None:
    assert parse_right(element) == ()


@pytest.mark.parametrize(
    "claim",
    [
        "OVAMGebruiker-NonConformiteitenIndiener:0456789034",
        ["OVAMGebruiker-NonConformiteitenIndiener:0456789034"],
        ["OVAMGebruiker-NonConformiteitenIndiener:0456789034"] * 2,
        ["no right at all", None, 7, {"a": 1}, "OVAMGebruiker-NonConformiteitenIndiener:0456789034"],
    ],
)
def test_shapes_of_the_role_claim(claim: Any) -> None:
    assert identity(ovam_rol_3d=claim).rights == (INDIENER,)


@pytest.mark.parametrize(
    ("claim", "fault"),
    [
        ({"Right-c:1": True}, "not-a-list"),
        (7, "not-a-list"),
        (True, "not-a-list"),
        ([["Right-c:1"]], "not-text"),
        (["Right-c:1\x00"], "control-characters"),
        (["R-c\ud800:1"], "control-characters"),
        (["R-c:" + "1" * 2_000], "too-long"),
        (["no right at all", "nor this"], "not-a-right"),
        ("", "not-a-right"),
    ],
)
def test_role_claims_that_make_no_sense_grant_nothing_and_are_told_without_their_content(
    claim: Any, fault: Any
) -> None:
    found = identity(ovam_rol_3d=claim)

    assert found.rights == ()
    assert found.faults == (ClaimFault("ovam_rol_3d", fault),)


def test_absent_role_claim_is_no_rights_and_no_trouble() -> None:
    found = identity(ovam_rol_3d=None)

    assert (found.rights, found.faults) == ((), ())


def test_several_role_claims_and_a_name_with_a_blank() -> None:
    claims: dict[str, Any] = {"ovam_rol_3d": "A-b:1", "ovam _rol_2d": ["C:2"]}
    found = identity(**claims)

    assert found.rights == (Right("A", "b", "1"), Right("C", None, "2"))


def test_too_many_rights_are_cut_off_and_told() -> None:
    found = identity(ovam_rol_3d=[f"A-b:{number}" for number in range(2_003)])

    assert len(found.rights) == 2_000
    assert found.faults == (ClaimFault("ovam_rol_3d", "too-many"),)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("test@example.com:OVO001827", "test@example.com"),
        ("test@example.com", "test@example.com"),
        (" test@example.com : OVO001827", "test@example.com"),
        (":OVO001827", None),
        ("", None),
        (["test@example.com"], None),
    ],
)
def test_organisation_behind_email_and_phone(sent: Any, kept: str | None) -> None:
    found = identity(vo_email=sent, phone_number=sent)

    assert (found.email, found.phone) == (kept, kept)


@pytest.mark.parametrize(
    "value", [7, None, "", "  ", ["An"], {"a": 1}, "a\r\nX-Auth: b", "\x00", "a\ud800", "x" * 2_000]
)
def test_texts_of_the_wrong_shape_count_as_absent(value: Any) -> None:
    found = identity(
        given_name=value, vo_doelgroepcode=value, vo_orgcode=value, vo_orgnaam="Somebody nv", acr=value
    )

    assert replace(found, faults=()) == Identity("https://acm.test/op", "3f" * 20, authenticated_at=NOW)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (["An"], "not-text"),
        (7, "not-text"),
        ("a\r\nX-Auth: b", "control-characters"),
        ("x" * 2_000, "too-long"),
    ],
)
def test_claims_that_cannot_be_read_are_named(value: Any, fault: Any) -> None:
    found = identity(given_name="An", vo_orgcode=value, vo_email=value)

    assert found.faults == (ClaimFault("vo_orgcode", fault), ClaimFault("vo_email", fault))


@pytest.mark.parametrize("value", [None, "", " "])
def test_what_was_not_sent_is_no_fault(value: Any) -> None:
    assert identity(vo_orgcode=value, vo_email=value).faults == ()


def test_other_names_and_extra_claims() -> None:
    names = ClaimSettings(
        organisation="ovo", organisation_name="ovo_naam", email="mail", extra=("cot", "gone")
    )
    found = identity(names, ovo="OVO999001", ovo_naam="OVAM", mail="a@b", cot="vo", vo_email="x@y")

    assert found.organisation == Organisation("OVO999001", "OVAM")
    assert found.email == "a@b"
    assert found.claims == {"cot": "vo"}


@pytest.mark.parametrize(
    ("auth_time", "at"),
    [
        (NOW - 90, NOW - 90),
        (NOW + 90, NOW),
        (-1, NOW),
        (True, NOW),
        ("1", NOW),
        (float("nan"), NOW),
        (None, NOW),
    ],
)
def test_time_of_authentication(auth_time: Any, at: float) -> None:
    assert identity(auth_time=auth_time).authenticated_at == at


NAME = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1)


@given(NAME, st.none() | NAME, NAME)
def test_a_right_that_is_written_is_read_again(name: str, context: str | None, organisation: str) -> None:
    element = f"{name}-{context}:{organisation}" if context is not None else f"{name}:{organisation}"

    assert parse_right(element) == (Right(name, context, organisation),)


@given(st.text())
def test_no_text_breaks_the_reader_or_grants_for_nobody(element: str) -> None:
    assert all(right.name and right.organisation for right in parse_right(element))
