"""The environment lock: environments share nothing, and each uses its own ACM.

The host names of T&I and PRD differ by three letters; a mix-up must be found at start, not by users.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.config.keys import KeySettings, KeysSection
from gateway.config.model import EnvironmentSettings
from gateway.config.positions import Place, Positions
from gateway.config.problems import Problem
from gateway.files.real_path import real_path
from gateway.key_files.keyring import is_key_file, read_key_file
from gateway.outgoing.host_spelling import LOCAL, one_spelling
from gateway.settings import UNIX, Secret
from gateway.upstream.settings import UpstreamSettings

PRODUCTION = "prd"
_ACM_PRODUCTION = "authenticatie.vlaanderen.be"
_ACM_TEST = "authenticatie-ti.vlaanderen.be"
_LISTENS = "listen address"
_PORTS = {"http": 80, "https": 443}


def lock_problems(environments: Mapping[str, EnvironmentSettings], positions: Positions) -> list[Problem]:
    """Everything that two environments share, reported at both places, and every ACM of another environment."""
    problems: list[Problem] = []
    owners: dict[tuple[str, str], tuple[str, Place]] = {}
    for name, settings in environments.items():
        problems.extend(_foreign_acm(name, settings, positions))
        for what, value, place in _belongings(name, settings):
            owner, first = owners.setdefault((what, value), (name, place))
            if owner == name:
                if what == _LISTENS and first != place:
                    earlier = positions.problem(first, "")
                    words = f"the gateway listens here already, by {earlier.file}:{earlier.line}: give this another port"
                    problems.append(positions.problem(place, words))
                continue
            for here, there in ((place, first), (first, place)):
                other = positions.problem(there, "")
                message = (
                    f"environments {owner!r} and {name!r} share their {what}: here and at "
                    f"{other.file}:{other.line}:{other.column}; each needs its own"
                )
                problems.append(positions.problem(here, message))
    problems.extend(_loops(environments, positions))
    return problems


def _loops(environments: Mapping[str, EnvironmentSettings], positions: Positions) -> Iterator[Problem]:
    """Upstreams that are a gateway of this file: its requests would come back to it."""
    listening = {
        address: name
        for name, settings in environments.items()
        for address in (_socket(settings.listen), _socket(settings.observe.listen), *_asked(settings))
    }
    for name, settings in environments.items():
        for upstream, place in _upstreams(settings, ("environments", name)):
            for address, where in _servers(upstream, place):
                owner = listening.get(address.replace(f"{LOCAL}:", "port ", 1))
                if owner is not None:
                    words = f"the gateway itself listens here ({owner}): write the address of the register"
                    yield positions.problem(where, words)


def _asked(settings: EnvironmentSettings) -> Iterator[str]:
    if settings.authzen is not None:
        yield _socket(settings.authzen.listen)


def _foreign_acm(name: str, settings: EnvironmentSettings, positions: Positions) -> Iterator[Problem]:
    root: Place = ("environments", name)
    for issuer, place in (*_issuers(settings, root), *_transmitters(settings, root, "issuer")):
        host = (urlsplit(issuer).hostname or "").rstrip(".")
        if host in (_ACM_PRODUCTION, _ACM_TEST) and urlsplit(issuer).path.rstrip("/") != "/op":
            yield positions.problem(place, f"the issuer of ACM ends in /op: write https://{host}/op")
        if host == _ACM_PRODUCTION and name != PRODUCTION:
            words = f"this is the ACM of PRD: environment {name!r} must use https://{_ACM_TEST}/op, or be called 'prd'"
            yield positions.problem(place, words)
        if host == _ACM_TEST and name == PRODUCTION:
            yield positions.problem(
                place, f"this is the ACM of T&I: environment 'prd' must use https://{_ACM_PRODUCTION}/op"
            )


def _issuers(settings: EnvironmentSettings, root: Place) -> Iterator[tuple[str, Place]]:
    yield settings.provider.issuer, (*root, "provider", "issuer")
    for number, each in enumerate(settings.machines.issuers if settings.machines else ()):
        yield each.issuer, (*root, "machines", "issuers", number, "issuer")


def _transmitters(settings: EnvironmentSettings, root: Place, option: str) -> Iterator[tuple[Any, Place]]:
    """An option of each transmitter. Environments may have the same transmitter, for an audience of their own."""
    for number, each in enumerate(settings.signals.transmitters if settings.signals else ()):
        yield getattr(each, option), (*root, "signals", "transmitters", number, option)


def _belongings(environment: str, settings: EnvironmentSettings) -> Iterator[tuple[str, str, Place]]:
    """(what it is, normalised value, place) of everything that belongs to this environment only."""
    root: Place = ("environments", environment)
    for issuer, place in _issuers(settings, root):
        yield "issuer", _address(issuer), place
    yield "client", settings.provider.client_id.strip().lower(), (*root, "provider", "client_id")
    asking = settings.machines.introspection if settings.machines else None
    if asking is not None:
        yield "client", asking.client_id.strip().lower(), (*root, "machines", "introspection", "client_id")
    yield from (("audience", each, place) for each, place in _transmitters(settings, root, "audience"))
    if settings.authzen is not None:
        yield "decision point", _address(settings.authzen.url), (*root, "authzen", "url")
        for caller, known in settings.authzen.certificates().items():
            yield "certificate of a caller", known, (*root, "authzen", "callers", caller, "certificate")
    for name, code in settings.emergency.operators.items():
        yield "code of an operator", code, (*root, "emergency", "operators", name)
    yield "host", _site(settings.public_url), (*root, "public_url")
    for number, host in enumerate(settings.edge.hosts):
        yield "host", _site(f"https://{host}"), (*root, "edge", "hosts", number)
    for upstream, place in _upstreams(settings, root):
        yield from (("upstream", address, where) for address, where in _servers(upstream, place))
    yield _LISTENS, _socket(settings.listen), (*root, "listen")
    yield _LISTENS, _socket(settings.observe.listen), (*root, "observe", "listen")
    for front, each in settings.fronts.items():
        yield _LISTENS, _socket(each.listen), (*root, "fronts", front, "listen")
    yield from ((_LISTENS, address, (*root, "authzen", "listen")) for address in _asked(settings))
    for store in settings.session.addresses:
        yield "store", store, (*root, "session", "store")
    if settings.observe.records.path is not None:
        yield "file", _file(settings.observe.records.path), (*root, "observe", "records")
    for kind in ("blocks", "emergency", "maintenance"):
        path = getattr(settings, kind).file
        if path is not None:
            yield "file", _file(path), (*root, kind, "file")
    for secret, place in _secrets(settings, root):
        yield "key", secret.reference if secret.path is None else _file(secret.path), place
        for content in _contents(secret):
            yield "key", content, place


def _secrets(settings: EnvironmentSettings, root: Place) -> Iterator[tuple[Secret, Place]]:
    clients = [(settings.provider.client_auth, (*root, "provider", "client_auth"))]
    if settings.machines is not None and settings.machines.introspection is not None:
        clients.append(
            (settings.machines.introspection.client_auth, (*root, "machines", "introspection", "client_auth"))
        )
    for client, place in clients:
        for option in ("key", "secret"):
            secret = getattr(client, option, None)
            if isinstance(secret, Secret):
                yield secret, (*place, option)
    agreed = _transmitters(settings, root, "authorization")
    yield from ((secret, place) for secret, place in agreed if secret is not None)
    yield settings.session.key, (*root, "session", "key")
    yield settings.assertion.key, (*root, "assertion", "key")
    if settings.assertion.next_key is not None:
        yield settings.assertion.next_key, (*root, "assertion", "next_key")
    for purpose in KeysSection.model_fields:
        own: KeySettings | None = getattr(settings.keys, purpose)
        if own is not None:
            yield own.key, (*root, "keys", purpose, "key")
            for number, secret in enumerate(own.previous):
                yield secret, (*root, "keys", purpose, "previous", number)
    for number, secret in enumerate(settings.session.previous_keys):
        yield secret, (*root, "session", "previous_keys", number)
    for number, secret in enumerate(settings.assertion.previous):
        yield secret, (*root, "assertion", "previous", number)
    for caller, asking in settings.authzen.callers.items() if settings.authzen is not None else ():
        for number, secret in enumerate(asking.bearer):
            yield secret, (*root, "authzen", "callers", caller, "bearer", number)
    for upstream, place in _upstreams(settings, root):
        if upstream.tls.key is not None:
            yield upstream.tls.key, (*place, "tls", "key")
        if upstream.basic is not None:
            yield upstream.basic.password, (*place, "basic", "password")
        for name, value in upstream.headers.items():
            if isinstance(value, Secret):
                yield value, (*place, "headers", name)
    for option in ("store_password", "store_certificate_key"):
        secret = getattr(settings.session, option)
        if secret is not None:
            yield secret, (*root, "session", option)


def _upstreams(settings: EnvironmentSettings, root: Place) -> Iterator[tuple[UpstreamSettings, Place]]:
    yield settings.upstream, (*root, "upstream")
    for name, upstream in settings.upstreams.items():
        yield upstream, (*root, "upstreams", name)


def _servers(upstream: UpstreamSettings, place: Place) -> Iterator[tuple[str, Place]]:
    for number, server in enumerate(upstream.addresses):
        where: Place = ("url",) if upstream.url is not None else ("servers", number)
        address = _address(server.url, path=False) if server.socket is None else _file(Path(server.socket))
        yield address, (*place, *where)


def _address(url: str, *, path: bool = True) -> str:
    parts = urlsplit(url)
    host = one_spelling(parts.hostname or "")
    port = parts.port or _PORTS.get(parts.scheme, 0)
    return f"{host}:{port}{parts.path.rstrip('/') if path else ''}"


def _site(url: str) -> str:
    """The host, without its port: browsers give all ports of a host the same cookies. On this machine, where environments
    are tried out, the port tells them apart.
    """
    address = _address(url, path=False)
    host = address.rpartition(":")[0]
    return address if host == LOCAL else host


def _socket(address: str) -> str:
    if address.startswith(UNIX):
        return _file(Path(address.removeprefix(UNIX)))
    host, _, port = address.rpartition(":")
    if not port.strip("0"):
        return f"{address} of {os.urandom(4).hex()}"  # any free port: never shared
    host, port = one_spelling(host), port.lstrip("0")
    # A wildcard listens on every address, so it collides with any address on the same port.
    return f"port {port}" if host in (LOCAL, "*") else f"{host}:{port}"


def _file(path: Path) -> str:
    return str(real_path(path))


def _contents(secret: Secret) -> Iterator[str]:
    """A hash of each key in the secret, to detect a copied file; none where it cannot be read."""
    with contextlib.suppress(ValueError):
        content = secret.read()
        several = read_key_file(content, name=secret.reference) if is_key_file(content) else {}
        for each in {key.octets for keys in several.values() for key in keys} or {content}:
            yield hashlib.sha256(each).hexdigest()
