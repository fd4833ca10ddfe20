"""Escapes are decoded as everybody decodes them, also many at once."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.percent import percent_decoded


@given(st.text("%=2345fFaAgz \n\r_\x00/é").map(str.encode))
def test_they_are_decoded_once_and_broken_ones_stay(octets: bytes) -> None:
    assert percent_decoded(octets) == unquote_to_bytes(octets)


def test_octets_of_every_value_come_out() -> None:
    every = bytes(range(256))
    assert percent_decoded(b"".join(b"%%%02x" % octet for octet in every)) == every
    assert percent_decoded(every.replace(b"%", b"%25")) == every
