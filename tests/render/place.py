"""A configuration with everything that a front has to carry, and what is rendered from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.config import Config, load
from gateway.render.files import FILES, Engine, Part
from gateway.render.site import Options, front_site
from gateway.render.text import rendered_config
from tests.gateways import settings, write_config

FRONTS: dict[str, Any] = {
    engine: {"listen": f"127.0.0.1:{8002 + number}", "peers": ["127.0.0.1/32"], "dialect": engine}
    for number, engine in enumerate(FILES)
}
FRONTS["nginx"]["cache"] = "5s"
RULES: list[Any] = [
    {
        "id": "reports",
        "match": {"path": "/reports/**"},
        "upstream": "reports",
        "require": ["anyone"],
        "cors": {"origins": ["https://app.example.be"], "credentials": True},
        "request_headers": {"set": {"X-Tenant": "reports"}, "remove": ["accept-language"]},
        "response_headers": {"set": {"X-Frame-Options": "DENY"}},
    },
    {"id": "rest", "match": {"path": "/**"}, "require": ["anyone"], "websocket": True},
]
UPSTREAMS: dict[str, Any] = {
    "reports": {
        "servers": ["http://127.0.0.1:8081", "http://127.0.0.1:8082"],
        "balance": "least_connections",
        "strip_prefix": "/reports",
        "add_prefix": "/new",
        "host": "reports.internal",
        "headers": {"X-Api-Key": "abc"},
    },
}
SOCKET: dict[str, Any] = {"files": {"url": "unix:/run/files.sock"}}
FILES_OF: list[tuple[Engine, Part]] = [(engine, part) for engine, parts in FILES.items() for part in parts]


def configuration(
    folder: Path,
    *,
    rules: list[Any] | None = None,
    identity: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Config:
    """A configuration with a front of each kind; the further keywords go to its environment."""
    environment = settings(
        folder,
        name="ti",
        gateway_url="http://127.0.0.1:8000",
        acm_url="http://localhost:9",
        upstream_url="http://127.0.0.1:8080",
        **{
            "fronts": FRONTS,
            "edge": {"trusted_proxies": ["127.0.0.1/32"]},
            "upstreams": UPSTREAMS,
            **changes,
        },
    )
    return load(write_config(folder, {"ti": environment}, rules=rules or RULES, identity=identity))


def text(config: Config, engine: Engine, part: Part = "main", **options: Any) -> str:
    """What is rendered, for a front that listens where tests may."""
    chosen = Options(**{"listen": "127.0.0.1:18080", **options})
    return rendered_config(front_site(config, "ti", engine, chosen), engine, part)
