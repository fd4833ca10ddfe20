"""What goes to the register and comes back: connections, the signed assertion, the sessions of its applications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.assembly.environment import Environment
from gateway.events import WebSocketsCounted
from gateway.handling import DEFAULT_UPSTREAM
from gateway.identity.assertions import Assertions
from gateway.model import CanonicalRequest
from gateway.upstream.credentials import Credentials
from gateway.upstream.register_sessions import RegisterSessions
from gateway.upstream.session_claims import SessionClaims
from gateway.upstream.session_tags import SessionTags
from gateway.upstream.upstreams import Upstreams
from gateway.upstream.websocket_connections import WebSocketConnections


@dataclass(frozen=True, slots=True)
class Register:
    """The mappings have each upstream by its name; `sessions` only those that begin sessions of their own."""

    assertions: Assertions
    upstreams: Upstreams
    websockets: Mapping[str, WebSocketConnections]
    session_tags: Mapping[str, SessionTags]
    sessions: Mapping[str, RegisterSessions]
    credentials: Mapping[str, Credentials]

    def expired_cookies(self, request: CanonicalRequest) -> tuple[str, ...]:
        """Lines of `Set-Cookie` that end the sessions which this browser has at the register."""
        found, cookies = self.sessions.values(), request.header(b"cookie") or b""
        return tuple(dict.fromkeys(line for each in found for line in each.expired(cookies)))


def register(environment: Environment) -> Register:
    """Makes what this environment needs towards its register."""
    settings = environment.settings
    assertions = Assertions(
        settings.assertion,
        environment=environment.name,
        issuer=settings.public_url,
        audience=settings.upstream.name,
        clock=environment.clock,
    )
    upstreams = Upstreams(
        settings.every_upstream,
        public_host=urlsplit(settings.public_url).netloc,
        steady=environment.steady,
        on_event=environment.events,
    )
    tags = _session_tags(environment)
    return Register(
        assertions,
        upstreams,
        _websockets(environment, upstreams),
        tags,
        _sessions(environment, tags),
        {name: Credentials(each) for name, each in settings.every_upstream.items()},
    )


def _websockets(environment: Environment, upstreams: Upstreams) -> Mapping[str, WebSocketConnections]:
    def count(_changed: object) -> None:
        environment.events(WebSocketsCounted(sum(map(len, found.values()))))

    found = {
        name: WebSocketConnections(upstream.settings.websockets, upstream.dial, changed=count)
        for name, upstream in upstreams.by_name.items()
    }
    return found


def _session_tags(environment: Environment) -> Mapping[str, SessionTags]:
    # Each upstream has tags of its own: the session that one began means nothing at another.
    settings = environment.settings
    return {
        name: SessionTags(
            environment.name if name == DEFAULT_UPSTREAM else f"{environment.name} {name}",
            settings.session.ring.octets,
        )
        for name in settings.every_upstream
    }


def _sessions(environment: Environment, tags: Mapping[str, SessionTags]) -> Mapping[str, RegisterSessions]:
    settings = environment.settings
    outside = (settings.public_url, *(f"//{host}" for host in settings.edge.hosts))
    return {
        name: RegisterSessions(
            upstream.session_cookies,
            tags[name],
            origins=(*upstream.origins, *outside),
            claims=SessionClaims() if upstream.session_parameters == "unclaimed" else None,
        )
        for name, upstream in settings.every_upstream.items()
        if upstream.session_cookies
    }
