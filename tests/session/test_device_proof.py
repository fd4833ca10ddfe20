"""Proofs of a browser's key: what is read of them, and which keys count."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from gateway.session.device_proof import ProofRefused, item_text, public_key, read_proof
from tests.bound_browser import new_key, proof

BOTH = ("ES256", "RS256")
# The example of the draft, 9.4 and 9.9.
EXAMPLE = (
    "eyJhbGciOiJFUzI1NiIsInR5cCI6ImRic2Mrand0In0.eyJhdWQiOiJodHRwczovL2V4YW1wbGUuY29tL3JlZyIsImp0aSI6ImN2IiwiaWF0Ijoi"
    "MTcyNTU3OTA1NSIsImp3ayI6eyJrdHkiOiJFQyIsImNydiI6IlAtMjU2IiwieCI6IjZfR0Iydm9RMHFyb01oNk9sREZDRlNfU0pyaVFpMVBUdnZCT2hH"
    "WjNiSEkiLCJ5IjoiSWVnT0pVTHlFN1N4SF9DZDFLQ0VSN2xXQnZHRkhRLWgweHlqelVqRUlXRSJ9LCJhdXRob3JpemF0aW9uIjoiYWMifQ."
    "6Fb_vVBDmfNghQiBmIGe8o7tBfYPbPCywhQruP0vIhxgmcJmuNTaMHeVn_M8ZnOm1_bzIitbZqCWEn-1Qzmtyw"
)


def test_the_example_of_the_draft_is_read() -> None:
    found = read_proof(EXAMPLE)
    assert (found.algorithm, found.challenge, found.authorization) == ("ES256", "cv", "ac")
    assert (found.audience, found.jwk) == ("https://example.com/reg", None)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b'"a.b-c_d"', "a.b-c_d"),
        (b' "a" ', "a"),
        (b'"a";x=1', "a"),
        (b"abc.def", "abc.def"),
        (b'"a", "b"', None),
        (b'"a" "b"', None),
        (b'""', None),
        (b'"a', None),
        (b'"a"\\', None),
        (b"?1", None),
        (b":YQ==:", None),
        (b'("a")', None),
        (b'"\xe9"', None),
        (b'"' + b"a" * 4_097 + b'"', None),
        (b"", None),
        (None, None),
    ],
)
def test_a_field_is_one_string(value: bytes | None, text: str | None) -> None:
    assert item_text(value) == text


@pytest.mark.parametrize("algorithm", BOTH)
def test_a_proof_is_verified_by_the_key_that_it_names(algorithm: str) -> None:
    key = new_key(algorithm)
    public = key.as_dict(private=False)
    signed = read_proof(proof(key, "c", header={"jwk": public, "unknown": 1}))
    found = public_key(algorithm, signed.jwk, BOTH)
    assert set(found) <= {"kty", "crv", "x", "y", "n", "e"}
    signed.check(algorithm, found)
    with pytest.raises(ProofRefused, match="wrong-key"):
        signed.check(algorithm, new_key(algorithm).as_dict(private=False))
    with pytest.raises(ProofRefused, match="algorithm"):
        signed.check("RS256" if algorithm == "ES256" else "ES256", found)


def test_only_strong_public_keys_count() -> None:
    ec, rsa = new_key().as_dict(private=False), RSAKey.generate_key(2_048).as_dict(private=False)
    assert isinstance(new_key().as_dict(private=True)["d"], str)
    assert "d" not in public_key("ES256", new_key().as_dict(private=True), BOTH)
    refused: list[tuple[str, Any]] = [
        ("ES256", None),
        ("ES256", {}),
        ("ES256", rsa),
        ("RS256", ec),
        ("ES256", ECKey.generate_key("P-384").as_dict(private=False)),
        ("ES256", {**ec, "x": ec["y"]}),
        ("ES256", {**ec, "x": 1}),
        ("RS256", {**rsa, "n": rsa["n"][:170]}),
        ("RS256", {**rsa, "e": "Aw"}),
        ("RS256", {**rsa, "n": "AQ"}),
    ]
    for algorithm, jwk in refused:
        with pytest.raises(ProofRefused, match="key"):
            public_key(algorithm, jwk, BOTH)
    for algorithm in ("none", "HS256", "ES384", ""):
        with pytest.raises(ProofRefused, match="algorithm"):
            public_key(algorithm, ec, BOTH)
    with pytest.raises(ProofRefused, match="algorithm"):
        public_key("RS256", rsa, ("ES256",))


@pytest.mark.parametrize(
    "text",
    ["", "a", "a.b", "a.b.c", "a.b.c.d", "bnVsbA.bnVsbA.", "W10.W10.", "e30.e30.", "eyJ0eXAiOjF9.e30.x"],
)
def test_what_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(ProofRefused, match="malformed"):
        read_proof(text)
