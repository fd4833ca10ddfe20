"""Addresses in one environment that are another's: pages for people, engines and everything else that is not locked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from gateway.analysis.lint import Finding
from gateway.config.load import Source
from gateway.config.model import EnvironmentSettings
from gateway.config.positions import Place
from gateway.outgoing.host_spelling import one_spelling

_URL: Final = re.compile(r"https?://[^\s\"'{}<>]+")
_PORTS: Final = {"http": 80, "https": 443}
_PRODUCTION: Final = "prd"
# How the Flemish services name their test environments: mijnprofiel-ti.vlaanderen.be.
_TEST: Final = re.compile(r"-ti\.([a-z]+\.)*vlaanderen\.be")


def foreign(source: Source, name: str) -> Iterator[Finding]:
    """The findings about one environment."""
    environments = source.config.environments
    own = set(_addresses(environments[name]))
    others = {
        address: other
        for other, settings in environments.items()
        if other != name
        for address in _addresses(settings)
        if address not in own
    }
    public = environments[name]
    for place, text in (
        (("environments", name, "public_url"), public.public_url),
        *((("environments", name, "edge", "hosts", at), host) for at, host in enumerate(public.edge.hosts)),
    ):
        named = set(re.split(r"[^a-z0-9]+", text.lower())) & (set(environments) - {name})
        if named:
            words = f"{text} has the name of environment {min(named)!r} in it: write the address of {name!r}"
            yield Finding(source.at(place, at_key=False), "other-environment", words)
    for root, instead in (
        (("environments", name), f"write the address that {name!r} has"),
        # Its pages could act for people of this one (`cors`), or people are sent there.
        (("rules",), f"{name!r} has this rule too, so write it under `environments: ENVIRONMENT: rules:`"),
    ):
        for place, text in _walk(_below(source.data, root), root):
            for url in _URL.findall(text):
                fault = _fault(url, name, others, instead)
                if fault is not None:
                    yield Finding(source.at(place, at_key=False), "other-environment", fault)


def _below(data: Any, place: Place) -> Any:
    for step in place:
        data = data[step]
    return data


def _fault(url: str, name: str, others: dict[str, str], instead: str) -> str | None:
    address = _address(url)
    if address in others:
        return f"{address} belongs to environment {others[address]!r}: {instead}"
    if name == _PRODUCTION and _TEST.search(address):
        return f"{address} is a service of T&I: write that of PRD, {address.replace('-ti.', '.', 1)}"
    return None


def _addresses(settings: EnvironmentSettings) -> Iterator[str]:
    yield _address(settings.public_url)
    yield _address(settings.provider.issuer)
    yield from (_address(f"https://{host}") for host in settings.edge.hosts)
    for upstream in settings.every_upstream.values():
        yield from (_address(each.url) for each in upstream.addresses if each.socket is None)


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme.lower(), 0)
    except ValueError:
        return url
    host = one_spelling(parts.hostname or "")
    return host if port in _PORTS.values() else f"{host}:{port}"


def _walk(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(inner, (*place, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _walk(inner, (*place, number))
    elif isinstance(value, str):
        yield place, value
