"""What of a client's headers gets past the gateway, and what the gateway says instead."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.headers import OutgoingHeaders
from gateway.identity.settings import Encoding, HeaderSettings
from gateway.model import Identity, Organisation, Right
from gateway.plugin.contract import UnknownName

# The names that the case file gives to the attributes of its user.
MAPPING = {
    "X-Auth-User": "subject",
    "X-Auth-Email": "email",
    "X-Auth-Roles": "claims.roles",
    "X-Auth-Context": "claims.context",
}
FORGED = [
    (name.lower().encode(), b"x")
    for name in (
        "Remote-User", "X-Remote-User", "Remote-Groups", "X-WebAuth-User", "X-Authenticated-User",
        "X-Authentik-Username", "X-MS-CLIENT-PRINCIPAL", "X-Goog-Authenticated-User-Email", "X-Amzn-Oidc-Data",
        "Cf-Access-Jwt-Assertion", "X-Pomerium-Jwt-Assertion", "X-Userinfo", "X-Client-Cert", "X-SSL-Client-S-DN",
    )
]  # fmt: skip


def test_all_names_by_which_proxies_tell_who_somebody_is_are_taken_out() -> None:
    assert OutgoingHeaders(MAPPING).strip(FORGED) == []


@pytest.mark.parametrize("subject", ["A\r\nX-Auth-Roles: admin", "Jörg Ł"])
def test_a_claim_cannot_break_out_of_its_line(subject: str) -> None:
    ((name, value),) = OutgoingHeaders({"X-Auth-User": "subject"}).build(Identity("op", subject))
    assert name == b"x-auth-user"
    assert value.isascii()
    assert not {10, 13, 0} & set(value)
    assert unquote(value.decode()) == subject


def test_other_headers_keep_their_order_and_octets() -> None:
    lines = [(b"x-a", b"1"), (b"x-latin", "café".encode("latin-1")), (b"x-a", b"2"), (b"x-authority", b"y")]
    assert OutgoingHeaders(MAPPING).strip(lines) == lines


def test_a_further_name_can_be_stripped() -> None:
    headers = OutgoingHeaders({}, strip=["X-Dienst"])
    assert headers.strip([(b"x_dienst", b"1"), (b"x-diensten", b"2")]) == [(b"x-diensten", b"2")]


def test_the_assertion_travels_under_its_own_name_and_nobody_else_may_use_it(indiener: Identity) -> None:
    headers = OutgoingHeaders({"X-Auth-Doelgroep": "doelgroep"}, "X-Proof")
    assert headers.strip([(b"x.proof", b"forged")]) == []
    assert headers.build(indiener, "a.b.c") == ((b"x-auth-doelgroep", b"EA"), (b"x-proof", b"a.b.c"))
    assert headers.build(None, "a.b.c") == ()
    assert OutgoingHeaders({}).build(indiener, "a.b.c") == ()


def test_every_attribute_of_the_identity(indiener: Identity) -> None:
    paths = ["subject", "name", "given_name", "family_name", "email", "phone", "doelgroep"]
    paths += ["organisation.code", "organisation.name", "rights", "acr", "kind", "claims.x"]
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


@pytest.mark.parametrize(
    ("encoding", "text", "value"),
    [
        ("rfc8187", "Jan", b"Jan"),
        ("rfc8187", "Zoë", b"UTF-8''Zo%C3%AB"),
        ("rfc8187", "utf-8''x", b"UTF-8''utf-8%27%27x"),
        ("rfc8187", "a\r\nb", b"UTF-8''a%0D%0Ab"),
        ("base64url", "Zoë", b"Wm_Dqw"),
        ("latin1", "Zoë", "Zoë".encode("latin-1")),
        ("latin1", "Łukasz", None),
        ("latin1", "a\nb", None),
        ("latin1", " a", None),
    ],
)
def test_declared_encodings(encoding: Encoding, text: str, value: bytes | None) -> None:
    lines = OutgoingHeaders({"X-N": "subject"}, encoding=encoding).build(Identity("op", text))
    assert [line[1] for line in lines] == ([] if value is None else [value])


def test_a_list_in_another_encoding_is_decoded_as_a_whole_first(indiener: Identity) -> None:
    who = Identity("op", "s", rights=(Right("R", "a,ë", "1"), Right("R", "b%", "1")))
    headers = OutgoingHeaders({"X-R": "rights"}, encoding="rfc8187")
    assert headers.build(who) == ((b"x-r", b"UTF-8''R-a%252C%C3%AB%3A1%2CR-b%2525%3A1"),)


texts = st.text().map(lambda text: text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


@given(st.lists(texts.filter(bool), min_size=1))
def test_percent_encoded_lists_decode_to_what_went_in(elements: list[str]) -> None:
    who = Identity("op", "s", claims={"c": elements})
    ((_, value),) = OutgoingHeaders({"X-C": "claims.c"}).build(who)
    assert all(32 <= octet < 127 for octet in value)
    assert value == value.strip()
    assert [unquote(part, errors="strict") for part in value.decode().split(",")] == elements


def test_built_once_per_identity_and_never_for_another() -> None:
    headers = OutgoingHeaders({"X-Org": "organisation.code"})
    one = Identity("op", "s", organisation=Organisation("0456789034"))
    assert headers.build(one) is headers.build(one)
    for number in range(5_000):
        who = Identity("op", "s", organisation=Organisation(str(number)))
        assert headers.build(who) == ((b"x-org", str(number).encode()),)
    assert len(headers._built) <= 2_048


def test_the_memory_of_names_is_bounded() -> None:
    headers = OutgoingHeaders(MAPPING)
    headers.strip((f"x-{number}".encode(), b"") for number in range(10_000))
    headers.strip([(b"x" * 1_000, b"")])
    assert len(headers._forged) <= 4_096
    assert b"x" * 1_000 not in headers._forged


def test_what_cannot_be_meant_is_refused_at_load() -> None:
    with pytest.raises(UnknownName) as caught:
        OutgoingHeaders({"X-Auth-User": "sub"})
    assert caught.value.name == "sub"
    assert {"subject", "organisation.code", "claims.NAME"} <= set(caught.value.known)
    with pytest.raises(UnknownName):
        OutgoingHeaders({"X-Auth-User": "claims."})
    with pytest.raises(ValueError, match="belongs to the request itself"):
        OutgoingHeaders({"X_Forwarded_For": "subject"})
    with pytest.raises(ValueError, match="not the name of a header"):
        OutgoingHeaders({"X-Auth\r\nUser": "subject"})
    with pytest.raises(ValueError, match="the same to many backends"):
        OutgoingHeaders({"X-Proof": "subject"}, "x_proof")
    with pytest.raises(ValueError, match="X-A and x_a are the same header"):
        HeaderSettings.model_validate({"headers": {"X-A": "subject", "x_a": "name"}})
