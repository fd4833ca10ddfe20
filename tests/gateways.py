"""Configuration files for tests, with real keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.keys import client_keys, ec_key

PLUGINS = str(Path(__file__).parent.parent / "plugins")
CLIENT_ID = "gateway-under-test"


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
            "client_auth": {
                "method": "private_key_jwt",
                "key": f"file:secrets/{name}/client.pem",
                "algorithm": "ES256",
            },
            "scopes": ["openid", "profile", "vo", "ovam"],
        },
        "upstream": {"url": upstream_url},
        "drain": {"wait": "0s"},
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
    identity: Mapping[str, Any] | None = None,
) -> Path:
    """config.yaml in this folder."""
    document = {
        "version": 1,
        "plugins": list(plugins),
        "environments": environments,
        "identity": IDENTITY if identity is None else dict(identity),
        "rights": RIGHTS,
        "rules": RULES if rules is None else rules,
    }
    path = folder / "config.yaml"
    path.write_text(yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True))
    return path
