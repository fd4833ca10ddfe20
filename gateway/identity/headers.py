"""Decides which headers tell the upstream who asks, and takes out all that a client sent under such names.

It knows nothing of sessions and rules: an identity comes in, header lines come out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from gateway.identity.attributes import reader
from gateway.identity.encoding import encode, encode_list
from gateway.identity.names import fold, is_well_known
from gateway.identity.settings import Encoding, header_name
from gateway.model import Identity

HeaderLines = tuple[tuple[bytes, bytes], ...]

_NAMES_KEPT: Final = 4_096
_LONGEST_NAME_KEPT: Final = 64
_IDENTITIES_KEPT: Final = 2_048


class OutgoingHeaders:
    """The identity headers of one environment: `strip` what the client sent, then add what `build` gives.

    Raises ValueError where a name is no header name, a path is unknown, or two names are one to a backend.
    """

    def __init__(
        self,
        mapping: Mapping[str, str],
        assertion_header: str | None = None,
        *,
        encoding: Encoding = "percent",
        strip: Iterable[str] = (),
    ) -> None:
        names = [*mapping, *([assertion_header] if assertion_header else [])]
        self._ours = {fold(header_name(name).encode("ascii")) for name in names}
        if len(self._ours) != len(names):
            raise ValueError(f"two of these headers are the same to many backends: {', '.join(names)}")
        self._ours.update(fold(name.encode("ascii")) for name in strip)
        self._readers = tuple((name.lower().encode("ascii"), reader(path)) for name, path in mapping.items())
        self._assertion = assertion_header.lower().encode("ascii") if assertion_header else b""
        self._encoding = encoding
        # By name as received, and by identity: both hold what the hot path needs and both are bounded.
        self._forged: dict[bytes, bool] = {}
        self._built: dict[int, tuple[Identity, HeaderLines]] = {}

    def strip(self, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """The headers without any spelling of an identity header, in the order they came."""
        forged = self._forged
        kept = []
        for line in headers:
            name = line[0]
            drop = forged.get(name)
            if drop is None:
                drop = self._judge(name)
            if not drop:
                kept.append(line)
        return kept

    def build(self, identity: Identity | None, assertion: str | None = None) -> HeaderLines:
        """Our header lines for this identity, names in lower-case; what it lacks has no line.

        Nobody (None) has no lines at all, whatever `assertion` is.
        """
        if identity is None:
            return ()
        found = self._built.get(id(identity))
        lines = found[1] if found is not None and found[0] is identity else self._make(identity)
        if assertion is None or not self._assertion:
            return lines
        return (*lines, (self._assertion, assertion.encode("ascii")))

    def _judge(self, name: bytes) -> bool:
        folded = fold(name)
        drop = folded in self._ours or is_well_known(folded)
        if len(name) <= _LONGEST_NAME_KEPT:
            if len(self._forged) >= _NAMES_KEPT:
                self._forged.clear()
            self._forged[name] = drop
        return drop

    def _make(self, identity: Identity) -> HeaderLines:
        lines: list[tuple[bytes, bytes]] = []
        for name, read in self._readers:
            value = read(identity)
            if value is None:
                continue
            encoded = (
                encode(value, self._encoding)
                if isinstance(value, str)
                else encode_list(value, self._encoding)
            )
            if encoded is not None:
                lines.append((name, encoded))
        if len(self._built) >= _IDENTITIES_KEPT:
            del self._built[next(iter(self._built))]
        # The identity itself is kept beside its lines, so that its id() cannot come to mean somebody else.
        made = tuple(lines)
        self._built[id(identity)] = (identity, made)
        return made
