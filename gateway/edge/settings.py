"""What an operator can set about the way in. It knows nothing of rules, sessions or the upstream."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from pydantic import Field

from gateway.settings import Duration, Settings


class EdgeSettings(Settings):
    """How requests come in: under which names, through which proxies, within which limits."""

    hosts: tuple[str, ...] = ()
    """Further host names (host or host:port) of this environment, beside the one of `public_url`."""

    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Proxies in front of the gateway whose X-Forwarded-For is believed, as addresses or networks (CIDR). Empty: none."""

    max_header_bytes: int = Field(default=32_768, ge=8_192, le=1_048_576, strict=True)
    """Most bytes of request line and headers together."""

    max_headers: int = Field(default=100, ge=20, le=1_000, strict=True)
    """Most header lines of one request."""

    max_body_bytes: int = Field(default=1_073_741_824, ge=0, strict=True)
    """Most bytes of one request body; more is answered with 413."""

    header_timeout: Duration = 10.0
    """How long a client may take to send its request line and headers."""

    body_timeout: Duration = 60.0
    """How long a client may pause while it sends a body."""

    keep_alive: Duration = 60.0
    """How long an idle connection stays open for the next request."""
