"""`gateway keys ...`: creates the keys that an environment needs, and never changes existing ones."""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from joserfc.jwk import ECKey, RSAKey

from gateway.auth.settings import PrivateKeyJwt
from gateway.cli.loading import loaded
from gateway.config import EnvironmentSettings

keys_commands = typer.Typer(help="Create keys.", no_args_is_help=True)
_RSA_BITS = 3072


@keys_commands.callback()
def _group() -> None:
    """Create keys."""


@keys_commands.command()
def generate(
    config: Annotated[Path, typer.Option(help="The configuration file.")] = Path("config.yaml"),
    env: Annotated[str, typer.Option(help="The environment.")] = "ti",
) -> None:
    """Create every key that the environment names as file:PATH and that does not exist yet.

    The public half of the client's key is written beside it as JWKS, for the provider.
    """
    settings = loaded(config, env).environment(env)
    for path, make in _wanted(settings):
        if path.exists():
            typer.echo(f"kept  {path}")
            continue
        _write(path, make())
        typer.echo(f"made  {path}")
    client = settings.provider.client_auth
    if isinstance(client, PrivateKeyJwt) and client.key.path is not None:
        key = RSAKey.import_key(client.key.read())
        public = {
            **key.as_dict(private=False),
            "kid": key.thumbprint(),
            "use": "sig",
            "alg": client.algorithm,
        }
        path = client.key.path.with_suffix(".jwks.json")
        content = json.dumps({"keys": [public]}, indent=2).encode() + b"\n"
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
            typer.echo(f"made  {path} (public: give it to the provider)")


def _wanted(settings: EnvironmentSettings) -> Iterator[tuple[Path, Callable[[], bytes]]]:
    client = settings.provider.client_auth
    if isinstance(client, PrivateKeyJwt) and client.key.path is not None:
        yield (
            client.key.path,
            lambda: bytes(RSAKey.generate_key(_RSA_BITS, private=True).as_pem(private=True)),
        )
    if settings.assertion.key.path is not None:
        yield (
            settings.assertion.key.path,
            lambda: bytes(ECKey.generate_key("P-256", private=True).as_pem(private=True)),
        )
    if settings.session.key.path is not None:
        yield settings.session.key.path, lambda: urlsafe_b64encode(os.urandom(48)) + b"\n"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
