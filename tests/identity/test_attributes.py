"""What a header says of each attribute of an identity."""

import pytest

from gateway.identity.attributes import acm_right
from gateway.identity.headers import OutgoingHeaders
from gateway.identity.settings import ATTRIBUTES
from gateway.model import Identity, Right


def test_a_right_as_acm_writes_it() -> None:
    assert acm_right(Right("Lezer", "Meldingen", "1")) == "Lezer-Meldingen:1"
    assert acm_right(Right("Lezer", None, "1")) == "Lezer:1"


def test_every_attribute_of_the_identity(indiener: Identity) -> None:
    paths = ["subject", "name", "given_name", "family_name", "email", "phone", "doelgroep"]
    paths += ["organisation.code", "organisation.name", "rights", "acr", "kind", "claims.x"]
    assert set(paths) == {*ATTRIBUTES, "claims.x"}
    lines = OutgoingHeaders({f"X-{number}": path for number, path in enumerate(paths)}).build(indiener)
    assert dict(lines) == {
        b"x-0": b"f3a1c9",
        b"x-1": b"Zo%C3%AB Peeters",
        b"x-2": b"Zo%C3%AB",
        b"x-3": b"Peeters",
        b"x-4": b"zoe@example.be",
        b"x-6": b"EA",
        b"x-7": b"0456789034",
        b"x-8": b"Containerdienst Peeters nv",
        b"x-9": b"OVAMGebruiker-NonConformiteitenIndiener:0456789034,Anders:0456789034",
        b"x-10": b"urn:be:vlaanderen:acm:eid",
        b"x-11": b"person",
    }


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        (True, b"true"),
        (7, b"7"),
        (["a,b", "c%d", None, 3], b"a%2Cb,c%25d,3"),
        ({"b": 1, "a": [2]}, b'{"a": [2], "b": 1}'),
        ("", None),
        ([], None),
        (None, None),
        (" admin ", b"%20admin%20"),
        ("\ud800", b"%EF%BF%BD"),
    ],
)
def test_claims_of_any_shape(claim: object, value: bytes | None) -> None:
    lines = OutgoingHeaders({"X-C": "claims.c"}).build(Identity("op", "s", claims={"c": claim}))
    assert lines == (() if value is None else ((b"x-c", value),))
