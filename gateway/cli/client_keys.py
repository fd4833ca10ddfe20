"""The part of `gateway keys ...` about the keys by which the provider knows the gateway as a client."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from pathlib import Path
from typing import Annotated

import typer

from gateway.auth.client import Client
from gateway.auth.client_keys import client_keys, published_jwks
from gateway.auth.provider import Provider, as_object
from gateway.auth.settings import PrivateKeyJwt
from gateway.cli.exit import stop
from gateway.cli.loading import load_settings_or_exit
from gateway.cli.options import CONFIG, ENV, KEY
from gateway.config import EnvironmentSettings
from gateway.config.key_files import drop_client, register_client
from gateway.errors import ProviderUnavailable
from gateway.files.atomic_file import replace as replace_file
from gateway.files.reason import reason

_NOT_DONE = 1


def use(
    key: Annotated[str, KEY],
    env: Annotated[str, ENV],
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Do not ask the provider whether it has the key.")
    ] = False,
) -> None:
    """Use a new key of the client, once the provider has it: it is asked first. Running gateways follow by themselves.

    Examples:
        gateway keys use 3f9a1c20b7de --env prd

    Exit codes:
        0: in use
        1: the provider does not accept the key or does not answer, or the key is not there
    """
    settings = load_settings_or_exit(config, env).environment(env)
    try:
        auth = needed_auth(client_auth(settings))
        known = next((each for each in client_keys(auth) if each.kid.startswith(key)), None)
        if known is None:
            stop(
                f"there is no key {key!r} of the client in {env}: see `gateway keys list --env {env}`",
                _NOT_DONE,
            )
        if known.since is not None:
            stop(f"{key} may be used already. NOTHING WAS CHANGED.", _NOT_DONE)
        if not unchecked:
            asyncio.run(_accepted(settings, key))
        register_client(auth, key, time.time())
    except ValueError as problem:
        stop(f"{problem}. NOTHING WAS CHANGED.", _NOT_DONE)
    typer.echo(f"registered  {key} for client in {env}, in {auth.key.path}")
    typer.echo(
        "  Copy the file to every machine of this environment; gateways use the key once all of them have it."
    )


async def _accepted(settings: EnvironmentSettings, kid: str) -> None:
    """Prove who the gateway is with this key, and a code that cannot exist. Raises ValueError where that fails."""
    provider = Provider(settings.provider, clock=time.time, egress=settings.egress)
    client = Client(provider, settings.provider.client_id, settings.provider.client_auth)
    await asyncio.to_thread(client.use, kid)
    form = {
        "grant_type": "authorization_code",
        "code": f"key-{secrets.token_urlsafe(16)}",
        "redirect_uri": f"{settings.public_url}/oauth2/callback",
        "code_verifier": secrets.token_urlsafe(48),
    }
    try:
        await provider.start()
        answer = await client.post("token", (await provider.metadata()).token_endpoint, form)
    except ProviderUnavailable as problem:
        raise ValueError(f"the provider cannot be asked whether it has {kid}: {problem.detail}") from problem
    finally:
        await provider.aclose()
    error = str((as_object(answer) or {}).get("error"))[:60]
    if error != "invalid_grant":
        raise ValueError(
            f"the provider does not accept {kid} ({answer.status_code} {error}): give it the key first"
        )


def client_auth(settings: EnvironmentSettings) -> PrivateKeyJwt | None:
    """How the client proves who it is, where that is by a key."""
    auth = settings.provider.client_auth
    return auth if isinstance(auth, PrivateKeyJwt) else None


def needed_auth(auth: PrivateKeyJwt | None) -> PrivateKeyJwt:
    """The same. Raises ValueError where it is by a secret."""
    if auth is None:
        raise ValueError("the client has a secret, which the provider gave out: ask for another one there")
    return auth


def drop_client_key(settings: EnvironmentSettings, kid: str) -> None:
    """Take a key of the client out of its file, and out of the one for the provider. Raises ValueError."""
    auth = needed_auth(client_auth(settings))
    drop_client(auth, kid)
    write_client_jwks(auth)


def write_client_jwks(auth: PrivateKeyJwt) -> None:
    """Write the public halves of the keys beside their file, for the provider. Ends the command where that fails."""
    if auth.key.path is None:
        return
    path = auth.key.path.with_suffix(".jwks.json")
    content = json.dumps(published_jwks(auth), indent=2).encode() + b"\n"
    try:
        if not path.exists():
            path.write_bytes(content)
        elif path.read_bytes() != content:
            replace_file(path, content)
        else:
            return
    except OSError as problem:
        stop(
            f"cannot write {path}: {reason(problem)}. The keys in {auth.key.path} are as you wanted: `gateway keys generate`"
            " writes their public halves, once it can.",
            _NOT_DONE,
        )
    typer.echo(f"made  {path} (public: give it to the provider)")


def client_steps(auth: PrivateKeyJwt, public_url: str, env: str) -> None:
    """What follows a new key of the client."""
    newest = client_keys(auth)[0].kid[:12]
    if auth.announce is not None:
        typer.echo(f"  The new key of the client is published at {public_url}/oauth2/client-jwks.json;")
        typer.echo(f"  it is used {auth.announce / 60:g} minutes later, when the provider has read it.")
        return
    typer.echo("  The new key of the client is NOT used yet: the provider must have it first.")
    typer.echo(
        "  a. Have it registered beside the earlier one (ACM: integratiedossier); it is in the file above,"
    )
    typer.echo(f"     and at {public_url}/oauth2/client-jwks.json.")
    typer.echo(
        f"  b. gateway keys use {newest} --env {env} asks the provider, and puts it in use if it is known there."
    )
