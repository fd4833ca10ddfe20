"""Stage 5: the headers that the register gets: none of the client's identity headers, and ours."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.edge.headers import ForwardedHeaders
from gateway.exchange import Exchange
from gateway.identity.assertions import Assertions
from gateway.identity.headers import OutgoingHeaders


@dataclass(frozen=True, slots=True)
class Attach:
    """Strips and adds headers. `pass_token` says whether a program's bearer token goes on to the register."""

    forwarded: ForwardedHeaders
    identity: OutgoingHeaders
    assertions: Assertions
    pass_token: bool

    def __call__(self, exchange: Exchange) -> None:
        """Fill in `outgoing`."""
        headers = self.identity.strip(self.forwarded.of(exchange.admitted, exchange.peer))
        if not self.pass_token:
            headers = [line for line in headers if not _is_bearer_token(line)]
        caller = exchange.caller
        identity = caller.identity
        if identity is not None:
            if caller.session is not None:
                about = caller.session.id
            else:
                about = f"{identity.kind} {identity.issuer} {identity.subject}"
            headers.extend(self.identity.build(identity, self.assertions.sign(identity, about)))
        exchange.outgoing = headers


def _is_bearer_token(line: tuple[bytes, bytes]) -> bool:
    return line[0] == b"authorization" and line[1][:7].lower() == b"bearer "
