"""A whole gateway for tests: from a YAML text, with real keys, on a free port; and the simulated ACM beside it."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gateway.app import Gateway
from gateway.config import load
from gateway.edge.protocol import protocol_class
from simulator.acm.app import create_acm
from simulator.acm.clients import Client
from simulator.acm.state import AcmState
from simulator.data.directory import Directory
from simulator.data.seed import load_people
from simulator.portal import create_portal
from simulator.run import bind, url_of
from tests.keys import client_keys, ec_key
from tests.running import Running, serving

PLUGINS = str(Path(__file__).parent.parent / "plugins")
CLIENT_ID = "gateway-under-test"


@dataclass
class World:
    """One environment: gateway, ACM, and where the register is."""

    gateway: Gateway
    url: str
    port: int
    acm: AcmState
    records: Path
    observe_port: int


def settings(
    folder: Path, *, name: str, gateway_url: str, acm_url: str, upstream_url: str, **changes: Any
) -> dict[str, Any]:
    """An environment of config.yaml; `changes` are merged in by their first key."""
    secrets = folder / "secrets" / name
    if not secrets.exists():
        secrets.mkdir(parents=True)
        private, _ = client_keys(name)
        for file, content in (
            ("client.pem", private),
            ("assertion.pem", ec_key(name)),
            ("session.key", f"{name}-session-key-".encode() * 4),
        ):
            (secrets / file).write_bytes(content)
            (secrets / file).chmod(0o600)
    found: dict[str, Any] = {
        "public_url": gateway_url,
        "listen": gateway_url.removeprefix("http://"),
        "provider": {
            "issuer": f"{acm_url}/op",
            "client_id": f"{CLIENT_ID}-{name}",
            "client_auth": {"method": "private_key_jwt", "key": f"file:secrets/{name}/client.pem"},
            "scopes": ["openid", "profile", "vo", "ovam"],
        },
        "upstream": {"url": upstream_url},
        "session": {"store": f"sqlite:var/{name}.db", "key": f"file:secrets/{name}/session.key"},
        "assertion": {"key": f"file:secrets/{name}/assertion.pem"},
        # At the lowest level: whatever would be logged must hold no secret (tests/leaks.py).
        "observe": {"listen": "127.0.0.1:0", "records": f"file:var/{name}.jsonl", "log_level": "debug"},
    }
    for key, value in changes.items():
        found[key] = {**found[key], **value} if isinstance(found.get(key), dict) else value
    return found


IDENTITY = {
    "rights": {"claims": ["ovam_rol_3d"]},
    "headers": {
        "X-Forwarded-User": "subject",
        "X-Auth-Name": "name",
        "X-Auth-Organisation": "organisation.code",
        "X-Auth-Rights": "rights",
    },
}
RIGHTS = {
    "indiener": {
        "right": "OVAMGebruiker",
        "context": "NonConformiteitenIndiener",
        "label": {"nl": "recht 'OVAM Gebruiker', context 'Non-conformiteiten indiener'"},
        "granted_by": {"nl": "de lokale beheerder van uw organisatie", "en": "your local administrator"},
    }
}
RULES = [
    {"id": "open", "match": {"path": "/public/**"}, "require": ["anyone"]},
    {
        "id": "own",
        "match": {"path": "/organisaties/{kbo}/meldingen/**"},
        "require": [{"right": {"right": "indiener"}}, {"organisation": {"equals": "{kbo}"}}],
    },
    {"id": "echo", "match": {"path": "/echo/**"}, "require": ["authenticated"]},
    {"id": "home", "match": {"path": "/", "methods": ["GET"]}, "require": [{"right": {"right": "indiener"}}]},
]


def write_config(
    folder: Path,
    environments: dict[str, Any],
    *,
    rules: list[Any] | None = None,
    plugins: Sequence[str] = (PLUGINS,),
) -> Path:
    """config.yaml in this folder."""
    document = {
        "version": 1,
        "plugins": list(plugins),
        "environments": environments,
        "identity": IDENTITY,
        "rights": RIGHTS,
        "rules": RULES if rules is None else rules,
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
    return path


@contextlib.contextmanager
def world(
    folder: Path,
    *,
    name: str = "ti",
    upstream_url: str = "http://127.0.0.1:9",
    rules: list[Any] | None = None,
    sock: socket.socket | None = None,
    public_host: str | None = None,
    plugins: Sequence[str] = (PLUGINS,),
    clock: Callable[[], float] = time.time,
    directory: Directory | None = None,
    **changes: Any,
) -> Iterator[World]:
    """A gateway with its ACM, both on free ports, both real servers, both by the same clock. ACM knows the people of the seed, or those of
    `directory`, with Gebruikersbeheer and Mijn Profiel beside it."""
    sock = sock or bind(0)
    url = url_of(sock)
    public_url = f"http://{public_host}" if public_host else url
    _, jwks = client_keys(name)
    client = Client(
        client_id=f"{CLIENT_ID}-{name}",
        name="Toegangspoort",
        redirect_uris=(f"{public_url}/oauth2/callback",),
        post_logout_redirect_uris=(f"{public_url}/oauth2/logout/callback",),
        scopes=("openid", "profile", "vo", "ovam", "offline_access"),
        jwks=jwks,
    )
    acm_socket = bind(0)
    people = load_people if directory is None else directory.people
    acm = AcmState(name, url_of(acm_socket), (client,), people, clock)
    provider = create_acm(acm) if directory is None else create_portal(acm, directory)
    environment = settings(
        folder, name=name, gateway_url=public_url, acm_url=acm.base, upstream_url=upstream_url, **changes
    )
    config = load(write_config(folder, {name: environment}, rules=rules, plugins=plugins))
    observe_socket = bind(0)
    app = Gateway(config, name, clock=clock, observe_socket=observe_socket)
    edge = config.environment(name).edge
    with (
        serving(provider, sock=acm_socket, lifespan="off"),
        serving(app, sock=sock, http=protocol_class(edge), log_level="critical", log_config=None) as running,
    ):
        yield World(
            app,
            public_url if public_host is None else url,
            running.port,
            acm,
            folder / f"var/{name}.jsonl",
            observe_socket.getsockname()[1],
        )


__all__ = ["CLIENT_ID", "PLUGINS", "RIGHTS", "RULES", "Running", "World", "settings", "world", "write_config"]
