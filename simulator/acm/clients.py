"""The parties that ACM knows (the "integratiedossier"), in the form that authlib's server grants ask for."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from joserfc.jwk import KeySet

from simulator.acm.means import URNS
from simulator.data.seed import SEED


@dataclass(frozen=True, slots=True)
class Client:
    """One relying party, API or machine. It proves itself with `secret`, or with a key of `jwks` or of `jwks_file`.

    `level` and `doelgroepen` say in which capacities people come, `only_with_right` keeps those without that right
    out. An API is the audience of tokens by its client id or one of `resources`, and lets the clients in `trusts`
    exchange tokens of people. A machine speaks for `organisation`; `setbyclient` and `setbyapi` are attributes by
    name that introspection returns.
    """

    client_id: str
    name: str
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ("openid", "profile", "vo")
    default_scopes: tuple[str, ...] = ()
    secret: str | None = None
    jwks: dict[str, Any] | None = None
    jwks_file: Path | None = None
    require_pkce: bool = True
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    means: tuple[str, ...] = URNS
    level: Literal["organisation", "doelgroep"] = "organisation"
    doelgroepen: tuple[str, ...] = ("GID", "LB", "OV", "EA")
    only_with_right: str | None = None
    resources: tuple[str, ...] = ()
    trusts: tuple[str, ...] = ()
    organisation: tuple[str, str] | None = None
    setbyclient: Mapping[str, str] = field(default_factory=dict)
    setbyapi: Mapping[str, str] = field(default_factory=dict)

    def public_keys(self) -> KeySet:
        """The keys as they are now: the gateway may have made them after this process started."""
        content = self.jwks
        if content is None:
            if self.jwks_file is None or not self.jwks_file.exists():
                return KeySet([])
            content = json.loads(self.jwks_file.read_text())
        return KeySet.import_key_set(content)  # type: ignore[arg-type]

    # What authlib asks of a client

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        return None

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(each for each in (scope or "").split() if each in self.scopes)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return self.secret is not None and hmac.compare_digest(self.secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        if method == "private_key_jwt":
            return self.secret is None
        return method in ("client_secret_basic", "client_secret_post") and self.secret is not None

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types


def load_clients(environment: str, folder: Path, path: Path = SEED / "clients.yaml") -> tuple[Client, ...]:
    """The parties of one environment; key files start at `folder`."""
    found: list[dict[str, Any]] = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)[environment]
    return tuple(_client(each, folder) for each in found)


def _client(written: dict[str, Any], folder: Path) -> Client:
    options: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in written.items()
    }
    if "jwks_file" in options:
        options["jwks_file"] = folder / str(options["jwks_file"])
    return Client(**options)
