"""Files with several keys in PEM form (RFC 7468), the newest first; text outside of keys is ignored (section 2)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_BLOCK: Final = re.compile(
    rb"((?:^(?:Created|Registered): \S+\s+)*)(^-----BEGIN [A-Z ]*KEY-----.+?^-----END [A-Z ]*KEY-----)",
    re.M | re.S,
)
_LINE: Final = re.compile(rb"^(Created|Registered): (\S+)", re.M)


@dataclass(frozen=True, slots=True)
class PemKey:
    """One key as it is written in a file.

    `created` is when it was made, and `registered` when an operator said that the other side has it, in seconds since
    the epoch; None where nobody wrote it down.
    """

    pem: bytes
    created: float | None = None
    registered: float | None = None

    def written(self) -> bytes:
        """The key with its lines, as a file has it."""
        lines = (("Created", self.created), ("Registered", self.registered))
        text = "".join(
            f"{name}: {datetime.fromtimestamp(int(at), UTC).isoformat()}\n"
            for name, at in lines
            if at is not None
        )
        return text.encode("ascii") + self.pem


def pem_keys(content: bytes) -> tuple[PemKey, ...]:
    """The keys of a file, newest first."""
    return tuple(
        PemKey(match[2] + b"\n", *(_times(match[1]).get(name) for name in (b"Created", b"Registered")))
        for match in _BLOCK.finditer(content)
    )


def write_pem_keys(keys: Sequence[PemKey]) -> bytes:
    """The content of a file with these keys."""
    return b"".join(key.written() for key in keys)


def _times(lines: bytes) -> dict[bytes, float]:
    found = {}
    for match in _LINE.finditer(lines):
        with contextlib.suppress(ValueError):
            found[match[1]] = datetime.fromisoformat(match[2].decode("ascii", "replace")).timestamp()
    return found
