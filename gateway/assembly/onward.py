"""The stages that bring a request to the register: its headers, and the way there."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

from gateway.assembly.areas import Areas
from gateway.assembly.environment import Environment
from gateway.edge.headers import ForwardedHeaders
from gateway.exchange import Exchange
from gateway.identity.headers import OutgoingHeaders
from gateway.identity.size import SizeWarning
from gateway.pipeline.attach import Attach
from gateway.pipeline.forward import Forward
from gateway.pipeline.insert_bar import forward_stage
from gateway.pipeline.traced import TracedHeaders
from gateway.upstream.address_rewriter import AddressRewriter
from gateway.upstream.forward import Forwarder
from gateway.upstream.live_streams import Streams
from gateway.upstream.upstream import Upstream


def attach(environment: Environment, areas: Areas) -> Attach:
    """Sets identity headers, assertion and credentials."""
    settings, identity = environment.settings, environment.config.identity
    register, tracing = areas.register, areas.observers.tracing
    choose = partial(TracedHeaders, tracing) if tracing is not None else ForwardedHeaders
    forwarded = choose(
        trusted_chain=bool(settings.edge.trusted_proxies), allow=settings.edge.request_headers.allow
    )
    headers = OutgoingHeaders(
        identity.headers,
        settings.assertion.header,
        encoding=identity.header_encoding,
        separator=identity.list_separator,
        strip=(
            *identity.strip_headers,
            *(name for each in register.credentials.values() for name in each.names),
        ),
        on_new=SizeWarning(
            settings.upstream.max_header_bytes, register.assertions.size, steady=environment.steady
        ),
    )
    return Attach(
        forwarded,
        headers,
        register.assertions,
        register.credentials,
        pass_token=settings.machines is None or settings.machines.forward_authorization,
        audiences={name: each.name for name, each in settings.upstreams.items()},
    )


def forward(environment: Environment, areas: Areas, streams: Streams[Exchange]) -> Forward:
    """Sends it to the upstream of its rule, and the response back."""
    forwarders = {
        name: _forwarder(environment, areas, upstream)
        for name, upstream in areas.register.upstreams.by_name.items()
    }
    made = forward_stage(environment.settings.session_bar)
    return made(forwarders, streams, areas.rules.reload.rules, environment.events)


def _forwarder(environment: Environment, areas: Areas, upstream: Upstream) -> Forwarder:
    settings = environment.settings
    edge, public_url = settings.edge, settings.public_url
    own_hosts = (urlsplit(public_url).netloc, *edge.hosts)
    return Forwarder(
        upstream,
        own_cookies=areas.people.sessions.cookie_prefix,
        max_body=edge.max_body_bytes,
        body_timeout=edge.body_timeout,
        sessions=areas.register.sessions.get(upstream.name),
        outside=AddressRewriter(
            upstream.settings.origins,
            public_url,
            upstream.settings.add_prefix,
            upstream.settings.strip_prefix,
            # Those that it sees: with a host of its own it never learns them.
            hosts=own_hosts if upstream.pools[0].host is None else (),
        ),
        fold_prefix=settings.paths.case == "insensitive",
        on_event=environment.events,
    )
