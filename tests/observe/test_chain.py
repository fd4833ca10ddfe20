"""A line is sealed with the key of its environment, and nobody else's."""

from __future__ import annotations

import hmac
import json

import pytest

from gateway.key_files.keyring import Key
from gateway.observe.chain import START, Chain, ChainKey, Mark, Sealed
from tests.keys import SEAL, SEALING


def test_each_line_refers_to_the_one_before_and_has_a_seal() -> None:
    chain = Chain("a", SEAL)
    first, second = (chain.link(f'{{"n":{number}}}').rstrip(b"\n") for number in range(2))
    assert (json.loads(first)["prev"], json.loads(first)["seq"]) == (START, 0)
    assert json.loads(second)["prev"] == Sealed.of(first).digest.hex()
    assert chain.mark(5.0) == Mark("a", 1, Sealed.of(second).digest.hex(), 5.0)
    other = ChainKey.of(Key("records", b"another key for chains of records"), "ti")
    elsewhere = ChainKey.of(SEALING, "prd")
    assert Sealed.of(second).by((other, elsewhere, SEAL)) is SEAL
    assert Sealed.of(second).by((other, elsewhere)) is None
    assert Sealed.of(second.replace(b'"n":1', b'"n":2')).by((SEAL,)) is None


def test_a_seal_is_an_hmac() -> None:
    assert SEAL.seal(b"digest") == hmac.digest(SEAL.octets, b"digest", "sha256")[:16].hex()
    with pytest.raises(ValueError, match="at most 64 octets"):
        ChainKey("x", b"k" * 65)


def test_a_line_of_an_earlier_version_has_no_seal() -> None:
    line = b'{"n":1,"chain":"a","seq":0,"prev":"%b"}' % START.encode()
    assert Sealed.of(line).seal is None
    assert Sealed.of(line).by((SEAL,)) is None
