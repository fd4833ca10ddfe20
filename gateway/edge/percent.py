"""Reads percent-encoding (RFC 3986 2.1) in one step, however many escapes there are."""

from __future__ import annotations

import re
from binascii import a2b_qp
from typing import Final

_BROKEN: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def percent_decoded(octets: bytes) -> bytes:
    """The octets with every escape decoded once; a percent sign that begins none stays."""
    if b"%" not in octets:
        return octets
    # Quoted-printable has the same escapes with another sign, and the decoder for it needs no Python for each of them.
    return a2b_qp(_BROKEN.sub(b"%25", octets).replace(b"=", b"=3D").replace(b"%", b"="))
