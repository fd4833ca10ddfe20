"""Every field of an identity is in the full copy, and each view shows or hides it on purpose."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest

from gateway.analysis.explain import as_data
from gateway.codec import MISSING_FIELDS, Codec, IdentityView, field_reader, missing_to_dict
from gateway.endpoints.bar import PERSON
from gateway.endpoints.session import USERINFO
from gateway.identity.assertions import STATEMENT
from gateway.identity.headers import OutgoingHeaders
from gateway.identity.settings import ATTRIBUTES
from gateway.model import (
    CanonicalRequest,
    ClaimFault,
    Decision,
    Identity,
    Missing,
    Organisation,
    Right,
    Tokens,
)
from gateway.observe.decision_record import Pseudonyms, RecordEntry, decision_input
from gateway.observe.record_encoder import RecordEncoder
from gateway.pages.wording import Wording
from gateway.plugin import Facts
from gateway.session.codec import Session, decode_session, encode_session
from plugins.remote import Remote

# Two values of each field: a view shows a field if its output tells them apart.
VALUES: dict[str, tuple[Any, Any]] = {
    "issuer": ("https://op.test", "https://other.test"),
    "subject": ("alice", "bob"),
    "given_name": ("Zoë", "Jan"),
    "family_name": ("Peeters", "Janssens"),
    "email": ("zoe@example.be", "jan@example.be"),
    "phone": ("+32 1", "+32 2"),
    "doelgroep": ("EA", "GID"),
    "organisation": (Organisation("0428315871", "OVAM"), Organisation("0456789034", None)),
    "rights": ((Right("Lezer", "Meldingen", "0428315871"), Right("Lezer", None, "1")), ()),
    "acr": ("urn:eid", "urn:itsme"),
    "authenticated_at": (1_800_000_000.5, 1_700_000_000.0),
    "kind": ("person", "machine"),
    "scopes": (("read", "write"), ()),
    "audiences": (("api",), ("other", "third")),
    "claims": ({"team": ["a", {"b": None}], "age": 4}, {"team": "b"}),
    "faults": ((ClaimFault("vo_orgcode", "not-text"),), ()),
    "bound": (True, False),
}
FULL = Identity(**{name: values[0] for name, values in VALUES.items()})

REQUEST = CanonicalRequest(
    "r1", "GET", "https", "gw.test", "/a", ("a",), b"/a", (), {}, "192.0.2.1", False, "nl"
)
ENGINE = Remote(url="http://localhost:8181/v1", claims=("team",))
ENCODER = RecordEncoder("ti", Pseudonyms(b"k" * 32, "ti"), ("team",))
HEADERS = OutgoingHeaders({f"X-{number}": path for number, path in enumerate((*ATTRIBUTES, "claims.team"))})


def recorded(identity: Identity) -> dict[str, Any]:
    entry = RecordEntry("r1", 1.0, 200, 0.1, "192.0.2.1", REQUEST, Decision(True, "r", "ok"), identity)
    found: dict[str, Any] = json.loads(ENCODER.encode(entry))
    return found


def replayed(identity: Identity) -> Identity | None:
    return decision_input(recorded(identity)).identity


def asked(identity: Identity) -> Any:
    facts = Facts("GET", "gw.test", "/", "192.0.2.1", 1.0, identity)
    return ENGINE.question(facts).about


# Who gets to see what, and which fields are kept from them.
VIEWS: dict[str, tuple[Callable[[Identity], Any], set[str]]] = {
    "session": (lambda identity: encode_session(Session("s1", identity, 1.0, 2.0)), set()),
    "record": (recorded, {"given_name", "family_name", "email", "phone", "faults"}),
    "replay": (replayed, {"given_name", "family_name", "email", "phone", "faults"}),
    "assertion": (
        STATEMENT,
        {"issuer", "email", "phone", "authenticated_at", "scopes", "audiences", "claims", "faults", "bound"},
    ),
    "userinfo": (
        USERINFO,
        {
            "issuer", "email", "phone", "acr", "authenticated_at", "kind", "scopes", "audiences", "claims",
            "faults", "bound",
        },
    ),
    "session bar": (
        PERSON,
        {
            "issuer", "email", "phone", "doelgroep", "rights", "acr", "authenticated_at", "kind", "scopes",
            "audiences", "claims", "faults", "bound",
        },
    ),
    "engine": (
        asked,
        {
            "issuer", "given_name", "family_name", "email", "phone", "authenticated_at", "audiences", "faults",
            "bound",
        },
    ),
    "headers": (HEADERS.build, {"issuer", "authenticated_at", "scopes", "audiences", "faults", "bound"}),
}  # fmt: skip


def test_every_field_has_two_values_here() -> None:
    assert set(VALUES) == {field.name for field in fields(Identity)}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("field", [field.name for field in fields(Identity)])
def test_each_view_shows_or_hides_each_field(view: str, field: str) -> None:
    show, hidden = VIEWS[view]
    other = replace(FULL, **{field: VALUES[field][1]})
    assert (show(FULL) != show(other)) == (field not in hidden)


@pytest.mark.parametrize("field", [field.name for field in fields(Identity)])
def test_a_session_keeps_each_field_as_it_is(field: str) -> None:
    bare = Identity("https://op.test", "alice")
    for identity in (FULL, replace(FULL, **{field: VALUES[field][1]}), bare):
        session = Session("s1", identity, 1.0, 2.0, Tokens("a", "r", "i", 3.0, "sid"), 1.5, 1.75)
        assert decode_session(encode_session(session)) == session


def test_an_identity_view_keeps_the_order_of_its_keys_and_leaves_out_what_is_optional_and_empty() -> None:
    keys = {"who": "subject", "org": "organisation", "code": "organisation.code", "scopes": "scopes"}
    assert list(IdentityView(keys)(FULL).items()) == [
        ("who", "alice"),
        ("org", {"code": "0428315871", "name": "OVAM"}),
        ("code", "0428315871"),
        ("scopes", ["read", "write"]),
    ]
    assert IdentityView(keys, optional=("code", "scopes"))(Identity("op", "bob")) == {
        "who": "bob",
        "org": None,
    }


def test_field_reader() -> None:
    assert field_reader("organisation.name")(FULL) == "OVAM"
    assert field_reader("organisation.name")(Identity("op", "bob")) is None


@pytest.mark.parametrize(
    "data",
    [
        {"issuer": "op"},
        {"issuer": "op", "subject": "s", "colour": "red"},
        {"issuer": "op", "subject": "s", "rights": ["x"]},
        {"issuer": "op", "subject": "s", "organisation": {"code": "1", "colour": "red"}},
    ],
)
def test_data_of_another_shape_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Identity"):
        Codec(Identity).load(data)


MISSING = Missing(
    kind="right",
    remedy="grant",
    right="Lezer",
    context="Meldingen",
    organisation="0428315871",
    detail="read",
    label={"nl": "Lezer"},
    granted_by={"nl": "de beheerder"},
    contact={"phone": "1700"},
    acr_values=("urn:eid",),
)
MISSING_DATA = {
    "kind": "right",
    "remedy": "grant",
    "right": "Lezer",
    "context": "Meldingen",
    "organisation": "0428315871",
    "detail": "read",
    "label": {"nl": "Lezer"},
    "granted_by": {"nl": "de beheerder"},
    "contact": {"phone": "1700"},
    "acr_values": ["urn:eid"],
}


def test_a_missing_thing_says_the_same_to_everybody() -> None:
    assert set(MISSING_FIELDS) == set(MISSING_DATA), "a new field needs a value in this test"
    assert missing_to_dict(MISSING) == MISSING_DATA
    assert missing_to_dict(Missing("login", "login")) == {"kind": "login", "remedy": "login"}
    denied = Decision(False, "r", "why", ((MISSING,),))
    assert as_data(denied)["missing"] == [[MISSING_DATA]]
    problem = Wording("en", str).data(MISSING)
    assert problem == {**MISSING_DATA, "what": "Lezer, for 0428.315.871"}
    line = ENCODER.encode(RecordEntry("r1", 1.0, 403, 0.1, "192.0.2.1", REQUEST, denied))
    for_people = {"label", "granted_by", "contact", "acr_values"}
    assert json.loads(line)["missing"] == [
        [{name: value for name, value in MISSING_DATA.items() if name not in for_people}]
    ]
