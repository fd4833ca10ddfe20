"""The identity headers of a request to the upstream: those that a client sent are stripped, ours are added."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from gateway.caching.object_memo import ObjectMemo
from gateway.http_semantics import HeaderLine, HeaderLines, header_block
from gateway.identity.attributes import attribute_reader
from gateway.identity.encoding import encode, encode_list
from gateway.identity.header_names import fold_header_name, is_well_known
from gateway.identity.settings import Encoding, header_name
from gateway.model import Identity

_NAMES_KEPT: Final = 4_096
_LONGEST_NAME_KEPT: Final = 64


class OutgoingHeaders:
    """The identity headers of one environment: `strip` what the client sent, then add what `build` returns.

    `mapping` is header name to attribute path; `on_new` is called once with each identity and its lines. Raises
    ValueError for an invalid header name, an unknown path, and two names that a backend cannot tell apart.
    """

    def __init__(
        self,
        mapping: Mapping[str, str],
        assertion_header: str | None = None,
        *,
        encoding: Encoding = "percent",
        separator: str = ",",
        strip: Iterable[str] = (),
        on_new: Callable[[Identity, HeaderLines], None] | None = None,
    ) -> None:
        names = [*mapping, *([assertion_header] if assertion_header else [])]
        self._ours = {fold_header_name(header_name(name).encode("ascii")) for name in names}
        if len(self._ours) != len(names):
            raise ValueError(f"two of these headers are the same to many backends: {', '.join(names)}")
        self._ours.update(fold_header_name(name.encode("ascii")) for name in strip)
        self._readers = tuple(
            (name.lower().encode("ascii"), attribute_reader(path)) for name, path in mapping.items()
        )
        self._assertion = assertion_header.lower().encode("ascii") if assertion_header else b""
        self._encoding = encoding
        self._on_new = on_new
        self._separator = separator
        # Whether a name, as received, is an identity header: asked of every header of every request.
        self._forged: dict[bytes, bool] = {}
        self._lines = ObjectMemo(self._encoded)
        self._block = ObjectMemo(self._encoded_block)

    @property
    def names(self) -> tuple[bytes, ...]:
        """The names of all lines that `build` may return."""
        assertion = (self._assertion,) if self._assertion else ()
        return (*(name for name, _ in self._readers), *assertion)

    def strip(self, headers: Iterable[HeaderLine]) -> list[HeaderLine]:
        """The headers without any spelling of an identity header, in the order they came."""
        forged = self._forged
        kept = []
        for line in headers:
            name = line[0]
            drop = forged.get(name)
            if drop is None:
                drop = self._is_identity_header(name)
            if not drop:
                kept.append(line)
        return kept

    def build(self, identity: Identity | None, assertion: str | None = None) -> HeaderLines:
        """Our header lines for this identity, with lower-case names; an absent attribute has no line.

        An anonymous request (None) has no lines at all, whatever `assertion` is.
        """
        if identity is None:
            return ()
        lines = self._lines(identity)
        if assertion is None or not self._assertion:
            return lines
        return (*lines, (self._assertion, assertion.encode("ascii")))

    def block(self, identity: Identity, assertion: str) -> bytes:
        """The same lines as they are sent."""
        if not self._assertion:
            return self._block(identity)
        return b"%b%b: %b\r\n" % (self._block(identity), self._assertion, assertion.encode("ascii"))

    def _is_identity_header(self, name: bytes) -> bool:
        folded = fold_header_name(name)
        drop = folded in self._ours or is_well_known(folded)
        if len(name) <= _LONGEST_NAME_KEPT:
            if len(self._forged) >= _NAMES_KEPT:
                self._forged.clear()
            self._forged[name] = drop
        return drop

    def _encoded_block(self, identity: Identity) -> bytes:
        return header_block(self._lines(identity))

    def _encoded(self, identity: Identity) -> HeaderLines:
        lines: list[HeaderLine] = []
        for name, read in self._readers:
            value = read(identity)
            if value is None:
                continue
            encoded = (
                encode(value, self._encoding)
                if isinstance(value, str)
                else encode_list(value, self._encoding, self._separator)
            )
            if encoded is not None:
                lines.append((name, encoded))
        if self._on_new is not None:
            self._on_new(identity, tuple(lines))
        return tuple(lines)
