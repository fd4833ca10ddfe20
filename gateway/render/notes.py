"""What the engine can't do of what config.yaml says, for the operator to know before it is live."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.render.files import Engine
from gateway.render.site import Site


def front_notes(site: Site, engine: Engine) -> Iterator[str]:
    """One sentence for each."""
    edge = site.settings.edge
    if engine in ("caddy", "traefik") and edge.request_headers.allow is not None:
        yield f"{engine} passes on more headers than `edge.request_headers.allow` names: only known dangerous ones are removed"
    if engine == "traefik":
        yield "Traefik has no limit for bodies: `edge.max_body_bytes` holds for forms alone, which pass through the gateway"
        if site.told:
            yield "Traefik gives clients no headers of the permission: `response_headers` and `cors` have no effect there"
    if any(register.settings.probe is not None for register in site.registers):
        yield "`upstream.probe` is not carried over: the front finds a server out when it does not answer"
