"""Stage 5: the headers that the register gets: none of the client's identity headers, and ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from gateway.caching.known_lines import RepeatedLines, parted
from gateway.caching.object_memo import ObjectMemo
from gateway.edge.headers import ForwardedHeaders
from gateway.edge.known_heads import PASSING
from gateway.exchange import Exchange, Outgoing
from gateway.handling import PLAIN, HeaderChanges
from gateway.http_semantics import HeaderLine, header_block
from gateway.identity.assertions import Assertions
from gateway.identity.headers import OutgoingHeaders
from gateway.model import CanonicalRequest, Identity
from gateway.upstream.credentials import Credentials
from gateway.upstream.request import Framing


class _Known(NamedTuple):
    """What goes on of lines that came before, and the names of passing lines that go on with them."""

    passed: Outgoing
    passing: frozenset[bytes]


class Attach:
    """Strips and adds headers. `pass_token` says whether the token that says who a program is goes on to the register;
    any other is between the client and the register.

    `credentials` are those of each upstream by name, `audiences` those of assertions for other upstreams than the default one, by name.
    """

    def __init__(
        self,
        forwarded: ForwardedHeaders,
        identity: OutgoingHeaders,
        assertions: Assertions,
        credentials: Mapping[str, Credentials],
        *,
        pass_token: bool,
        audiences: Mapping[str, str],
    ) -> None:
        self._forwarded = forwarded
        self._identity = identity
        self._assertions = assertions
        self._credentials = credentials
        self._pass_token = pass_token
        self._audiences = audiences
        fixed = (name.lower().encode("ascii") for each in credentials.values() for name in each.names)
        self._names = (*identity.names, *fixed)
        self._known = ObjectMemo(self._of_repeated)
        self._known_dropped = ObjectMemo(self._dropped_of_repeated)
        self._known_of_programs = ObjectMemo(self._of_repeated_without_token)

    def __call__(self, exchange: Exchange) -> None:
        """Fill in `outgoing`."""
        request = exchange.admitted
        headers, changes = request.headers, exchange.handling.request_headers
        without_token = exchange.caller.program is not None and not self._pass_token
        repeated, passing = parted(headers)
        if changes is None and repeated is not None:
            known = (self._known_of_programs if without_token else self._known)(repeated)
            passed = known.passed
            if passing:
                more = header_block([line for line in passing if line[0] in known.passing])
                passed = Outgoing(passed.lines + more, passed.framing)
        elif without_token:
            passed = self._without_token(headers, request.method, changes)
        else:
            passed = self._of_client(headers, request.method, changes)
        own = self._forwarded.own(request, exchange.peer)
        fixed = self._credentials[exchange.handling.upstream].block
        lines = b"%b%b%b%b" % (passed.lines, fixed, own, self._about(exchange))
        exchange.outgoing = Outgoing(lines, passed.framing)

    def _of_repeated(self, headers: RepeatedLines) -> _Known:
        return _Known(self._of_client(headers), self._passing(headers))

    def _of_repeated_without_token(self, headers: RepeatedLines) -> _Known:
        return _Known(self._without_token(headers), self._passing(headers))

    def _passing(self, headers: RepeatedLines) -> frozenset[bytes]:
        """The names of passing lines that would go on with these lines: `Connection` may name one."""
        lines = [line for line in headers if line[0] == b"connection"]
        lines += [(name, b"") for name in PASSING]
        return frozenset(name for name, _ in self._identity.strip(self._forwarded.passed(lines)))

    def _of_client(
        self, headers: Iterable[HeaderLine], method: str = "GET", changes: HeaderChanges | None = None
    ) -> Outgoing:
        lines = self._identity.strip(self._forwarded.passed(headers, method))
        if changes is not None:
            lines = changes(lines)
        return Outgoing(header_block(lines), Framing.of(headers))

    def _without_token(
        self, headers: Iterable[HeaderLine], method: str = "GET", changes: HeaderChanges | None = None
    ) -> Outgoing:
        return self._of_client([line for line in headers if not _is_bearer_token(line)], method, changes)

    def _about(self, exchange: Exchange) -> bytes:
        identity = exchange.caller.identity
        if identity is None:
            return b""
        return self._identity.block(identity, self._signed(exchange, identity))

    def _signed(self, exchange: Exchange, identity: Identity) -> str:
        caller, handling = exchange.caller, exchange.handling
        session = caller.session_id
        about = session or f"{identity.kind} {identity.issuer} {identity.subject}"
        audience = None if handling is PLAIN else self._audiences.get(handling.upstream)
        return self._assertions.sign(identity, about, audience, session=session)

    # For a front, which sends the request itself

    def assertion(self, exchange: Exchange) -> str | None:
        """The signed assertion about who asks; None for nobody."""
        identity = exchange.caller.identity
        return self._signed(exchange, identity) if identity is not None else None

    def lines(self, exchange: Exchange, assertion: str | None) -> dict[bytes, bytes]:
        """The headers that the register must get in place of the client's; an empty value stands for none.

        Every name that says who asks or has credentials, and `cookie` and `authorization` without what is for the
        gateway alone.
        """
        request, identity, handling = exchange.admitted, exchange.caller.identity, exchange.handling
        found = dict.fromkeys(self._names, b"")
        found[b"cookie"] = request.header(b"cookie") or b""
        token_ends_here = exchange.caller.program is not None and not self._pass_token
        given = (b"authorization", request.header(b"authorization") or b"")
        if given[0] not in found:
            found[given[0]] = b"" if token_ends_here and _is_bearer_token(given) else given[1]
        if handling.request_headers is not None:
            found.update(handling.request_headers.set)
            found.update(dict.fromkeys(handling.request_headers.remove, b""))
        found.update(self._credentials[handling.upstream].lines)
        if identity is not None:
            found.update(self._identity.build(identity, assertion))
        return found

    def dropped(self, request: CanonicalRequest) -> frozenset[bytes]:
        """The names of the client's headers that the register does not get from the gateway."""
        repeated, passing = parted(request.headers)
        if repeated is None:
            return self._dropped(request.headers)
        dropped, passed = self._known_dropped(repeated)
        return dropped.union(name for name, _ in passing if name not in passed)

    def _dropped_of_repeated(self, headers: RepeatedLines) -> tuple[frozenset[bytes], frozenset[bytes]]:
        return self._dropped(headers), self._passing(headers)

    def _dropped(self, headers: Iterable[HeaderLine]) -> frozenset[bytes]:
        kept = {name for name, _ in self._identity.strip(self._forwarded.passed(headers))}
        return frozenset(name for name, _ in headers) - kept

    def forged(self, request: CanonicalRequest) -> frozenset[bytes]:
        """The names of the client's headers that the register may take for those that say who asks."""
        return frozenset(name for name, _ in request.headers) - {
            name for name, _ in self._identity.strip(request.headers)
        }


def _is_bearer_token(line: HeaderLine) -> bool:
    return line[0] == b"authorization" and line[1][:7].lower() == b"bearer "
