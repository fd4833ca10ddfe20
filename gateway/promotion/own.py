"""What belongs to one environment and is never copied to another: its addresses, its provider, its keys, its store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from gateway.config.model import LOCAL_HOSTS, EnvironmentSettings
from gateway.config.positions import Place

# Below `environments: NAME:`; a star is any name.
_OWN: Final[tuple[tuple[str, ...], ...]] = tuple(
    tuple(each.split("."))
    for each in (
        "public_url",
        "listen",
        "shadow",
        "rules",
        "not_promoted",
        "accept",
        "maintenance",
        "proxy",
        "emergency",
        "keys",
        "provider.issuer",
        "provider.client_id",
        "provider.client_auth",
        # What its own ACM understands, and whom it is told to expect: `login_hint`, `claims`.
        "provider.authorization_parameters",
        "machines.issuers",
        "machines.introspection.client_id",
        "machines.introspection.client_auth",
        "machines.introspection.audience",
        "signals.transmitters",
        *(
            f"{upstream}.{key}"
            for upstream in ("upstream", "upstreams.*")
            for key in ("url", "servers", "host", "headers", "basic", "tls")
        ),
        "session.store",
        "session.store_password",
        "session.store_sentinel_password",
        "session.store_sentinel_user",
        "session.store_authority",
        "session.store_certificate",
        "session.store_certificate_key",
        "session.store_server_name",
        "session.key",
        "session.previous_keys",
        "assertion.key",
        "assertion.next_key",
        "assertion.previous",
        "edge.hosts",
        "edge.trusted_proxies",
        "edge.websocket_origins",
        "fronts.*.listen",
        "fronts.*.peers",
        *(f"authzen.{key}" for key in ("listen", "url", "tls", "callers")),
        "blocks.file",
        "observe.listen",
        "observe.records",
        "observe.tracing",
        "support.profile_url",
        "support.users_url",
        "support.environment_label",
        "support.logo",
    )
)
_NEEDED: Final[tuple[tuple[str, ...], ...]] = (
    ("machines",),
    ("machines", "introspection"),
    ("signals",),
    ("upstreams", "*"),
    ("fronts", "*"),
    ("authzen",),
)


def is_own(place: Place) -> bool:
    """Whether this setting (below the environment) is one of those that are never copied."""
    return any(_fits(place[: len(each)], each) for each in _OWN)


def needs_own(place: Place) -> bool:
    """Whether this section means nothing without settings that are never copied."""
    return any(_fits(place, each) for each in _NEEDED)


def _fits(place: Place, pattern: tuple[str, ...]) -> bool:
    return len(place) == len(pattern) and all(
        each in ("*", step) for each, step in zip(pattern, place, strict=True)
    )


def own_names(settings: EnvironmentSettings) -> frozenset[str]:
    """Host names and client ids by which an environment is known: no setting or rule with one of them is copied."""
    asking = settings.machines.introspection if settings.machines else None
    urls = [settings.public_url, settings.provider.issuer, *(f"//{host}" for host in settings.edge.hosts)]
    urls += [each.url for upstream in settings.every_upstream.values() for each in upstream.addresses]
    urls += [settings.authzen.url] if settings.authzen is not None else []
    hosts = {(urlsplit(each).hostname or "").rstrip(".") for each in urls} - LOCAL_HOSTS
    # A name without a dot, such as `register`, may be any word.
    named = {each for each in hosts if "." in each}
    return frozenset((*named, settings.provider.client_id, *([asking.client_id] if asking else [])))


def foreign_name(value: Any, names: frozenset[str]) -> str | None:
    """Why this value cannot be another environment's: one of these `names` of the environment it comes from is in it."""
    for text in _texts(value):
        for each in sorted(names):
            if re.search(rf"(?<![\w.-]){re.escape(each)}(?![\w-])", text, re.IGNORECASE):
                return f"it names {each}"
    return None


def has_secret(value: Any) -> bool:
    """Whether a secret is referred to."""
    return any(text.startswith(("file:", "env:")) for text in _texts(value))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value
