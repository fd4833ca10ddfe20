"""Checks what a gateway needs around it: store, register, certificates and files."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from gateway.config import EnvironmentSettings
from gateway.doctor.advice import Server, advice
from gateway.doctor.check_result import CheckResult, Status
from gateway.doctor.shared_store import shared_store
from gateway.errors import GatewayError
from gateway.files.reason import may_be_there, reason
from gateway.key_files.keyring import PURPOSES
from gateway.observe.expiry import valid_until
from gateway.outgoing.egress import DIRECT, ProxySettings
from gateway.outgoing.failure import failure_of
from gateway.session.sessions import Sessions
from gateway.session.sqlite import OLDER
from gateway.settings import Secret
from gateway.upstream.address import Address
from gateway.upstream.connection import ConnectionClosed, UpstreamConnection
from gateway.upstream.dial import tls_context
from gateway.upstream.pool import ConnectionPool
from gateway.upstream.settings import UpstreamSettings
from gateway.upstream.shares import Party

_SOON_DAYS = 21
_PATIENCE = 5.0
_REFUSED_WITHIN = 1.0


async def environment_findings(name: str, settings: EnvironmentSettings) -> AsyncIterator[CheckResult]:
    """One finding for each check of the environment `name`."""
    for finding in await asyncio.to_thread(lambda: list(files(settings))):
        yield finding
    yield await _store(name, settings)
    async for finding in shared_store(name, settings.session):
        yield finding
    for upstream, address in _servers(settings):
        yield await _server(upstream, address)
    async for finding in _certificates(settings):
        yield finding


def files(settings: EnvironmentSettings) -> Iterator[CheckResult]:
    """Whether all secrets can be read, and no file with one is open to others."""
    for secret in _secrets(settings):
        try:
            secret.read()
        except ValueError as problem:
            yield CheckResult("file", "failed", str(problem), "correct what the message says")
            continue
        path = secret.path
        if path is not None and path.stat().st_mode & 0o027:
            yield CheckResult(
                "file",
                "warning",
                f"{path} can be changed by its group, or used by others",
                f"chmod 600 {path}",
            )
        else:
            yield CheckResult("file", "ok", f"{secret.reference} can be read, but not by everybody")
    for path in (settings.session.store.path, settings.observe.records.path):
        if path is not None:
            yield from _closed(path)


def _closed(path: Path) -> Iterator[CheckResult]:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except OSError as problem:
        do = "run this as the account of the gateway"
        yield CheckResult("file", "failed", f"{path} cannot be looked at: {reason(problem)}", do)
        return
    if mode & 0o007:
        yield CheckResult(
            "file", "warning", f"{path} is open to every user of the machine", f"chmod 600 {path}"
        )


async def _store(name: str, settings: EnvironmentSettings) -> CheckResult:
    path = settings.session.store.path
    if path is not None and not await asyncio.to_thread(may_be_there, path):
        return CheckResult(
            "store", "ok", f"{path} is not there yet: the gateway makes it when it first starts"
        )
    sessions = Sessions(
        settings.session,
        environment=name,
        secure=settings.public_url.startswith("https://"),
        clock=time.time,
        make=False,
    )
    try:
        await sessions.start(sweep=False)
        if trouble := await sessions.check():
            locked = f", or end what holds it locked (fuser -v {path})" if path is not None else ""
            do = f"make room on the disk, let the store be written{locked}; until then nobody can log in"
            return CheckResult("store", "failed", trouble, do)
    except (ValueError, GatewayError) as problem:
        if OLDER in str(problem):
            return CheckResult("store", "ok", f"{path} is {OLDER}: it is brought up to date at the start")
        do = "start the store, or correct session.store; until then nobody can have a session"
        return CheckResult("store", "failed", str(problem), do)
    finally:
        await sessions.aclose()
    return CheckResult("store", "ok", f"{settings.session.store.kind} answers")


def _servers(settings: EnvironmentSettings) -> Iterator[tuple[UpstreamSettings, Address]]:
    for upstream in settings.every_upstream.values():
        for address in upstream.addresses:
            yield upstream, address


async def _server(upstream: UpstreamSettings, address: Address) -> CheckResult:
    pool = ConnectionPool(upstream, address)
    correct = "correct what the message says, under upstream or upstreams"
    try:
        await pool.start()
    except OSError as problem:
        return CheckResult("register", "failed", f"{address.url}: tls: {problem}", correct)
    try:
        connection = await pool.fresh(Party("gateway doctor"))
        if address.secure:
            await _hear_refusal(connection)
        pool.release(connection)
    except ConnectionClosed as problem:
        # A server that only closes what nobody uses says nothing.
        if words := str(problem):
            do = advice("tls-refused", "register", address.url, DIRECT)
            return CheckResult("register", "failed", f"{address.url}: {words}", do, "tls-refused")
    except (ValueError, OSError, GatewayError) as problem:
        if problem.__cause__ is None:
            return CheckResult("register", "failed", f"{address.url}: {problem}", correct)
        kind, words = failure_of(problem.__cause__, connecting=True)
        do = _socket(address) or advice(kind, "register", address.url, DIRECT)
        return CheckResult("register", "failed", f"{address.url}: {words}", do, kind)
    finally:
        await pool.aclose()
    return CheckResult("register", "ok", f"{address.url} accepts connections")


async def _hear_refusal(connection: UpstreamConnection) -> None:
    """Wait for a refusal of the gateway's certificate, which TLS 1.3 sends after the handshake: raises ConnectionClosed."""
    connection.start("GET")  # of which nothing is sent
    await connection.wait(_REFUSED_WITHIN)
    connection.raise_for_error()


def _socket(address: Address) -> str:
    """What to do about a register at a socket of this machine; "" for any other."""
    return f"start the register, or let the gateway use {address.socket}" if address.socket else ""


@dataclass(frozen=True, slots=True)
class _Site:
    """A server whose certificate is looked at: its address, the name that it must prove, and whom it must convince."""

    url: str
    server: Server
    name: str | None = None
    tls: ssl.SSLContext | None = None


async def _certificates(settings: EnvironmentSettings) -> AsyncIterator[CheckResult]:
    issuer = settings.provider.issuer
    sites = [_Site(settings.public_url, "public")]
    # Behind a proxy it cannot be looked at from here; that it is valid was found by the check of discovery.
    if not settings.egress.passes_proxy(issuer):
        sites.append(_Site(issuer, "provider"))
    for upstream, address in _servers(settings):
        if address.secure:
            # What cannot be read is told where the register is tried.
            with contextlib.suppress(OSError):
                context = await asyncio.to_thread(tls_context, upstream.tls)
                sites.append(_Site(address.url, "register", upstream.tls.server_name, context))
    for site in sites:
        if urlsplit(site.url).scheme == "https":
            yield await _certificate(site)
    for upstream in settings.every_upstream.values():
        if upstream.tls.certificate is not None:
            yield await asyncio.to_thread(_certificate_file, upstream.tls.certificate)


async def _certificate(site: _Site) -> CheckResult:
    parts = urlsplit(site.url)
    host, port = parts.hostname or "", parts.port or 443
    try:
        tls = site.tls or await asyncio.to_thread(ssl.create_default_context)
        async with asyncio.timeout(_PATIENCE):
            _, writer = await asyncio.open_connection(host, port, ssl=tls, server_hostname=site.name)
        found = writer.get_extra_info("peercert")
        writer.close()
    except (OSError, TimeoutError) as problem:
        kind, words = failure_of(problem, connecting=True)
        status: Status = "failed" if kind.startswith("tls") else "warning"
        do = advice(kind, site.server, site.url, DIRECT)
        return CheckResult("certificate", status, f"{host}:{port}: {words}", do, kind)
    do = advice("tls-expired", site.server, site.url, DIRECT)
    return _until(f"{host}:{port}", ssl.cert_time_to_seconds(found["notAfter"]), do)


def _certificate_file(path: Path) -> CheckResult:
    try:
        end = valid_until(path)
    except (OSError, ValueError) as problem:
        return CheckResult("certificate", "failed", f"{path}: {problem}", "put a PEM certificate there")
    return _until(str(path), end, "renew the certificate")


def _until(what: str, end: float, do: str) -> CheckResult:
    day = datetime.fromtimestamp(end, UTC).date().isoformat()
    days = (end - time.time()) / 86_400
    if days <= 0:
        return CheckResult("certificate", "failed", f"{what} expired on {day}", do)
    return CheckResult(
        "certificate", "warning" if days < _SOON_DAYS else "ok", f"{what} is valid until {day}", do
    )


def _secrets(settings: EnvironmentSettings) -> Iterator[Secret]:
    asking = settings.machines.introspection if settings.machines else None
    clients = [settings.provider.client_auth, *([asking.client_auth] if asking else [])]
    for client in clients:
        yield client.key if client.method == "private_key_jwt" else client.secret
    rings = (settings.ring(purpose) for purpose in PURPOSES)
    yield from dict.fromkeys(secret for ring in rings for secret in ring.secrets)
    yield settings.assertion.key
    if settings.assertion.next_key is not None:
        yield settings.assertion.next_key
    yield from settings.assertion.previous
    agreed = (each.authorization for each in (settings.signals.transmitters if settings.signals else ()))
    yield from (secret for secret in agreed if secret is not None)
    for upstream in settings.every_upstream.values():
        if upstream.tls.key is not None:
            yield upstream.tls.key
    session = settings.session
    for each in (session.store_password, session.store_sentinel_password, session.store_certificate_key):
        if each is not None:
            yield each
    if isinstance(settings.proxy, ProxySettings) and settings.proxy.password is not None:
        yield settings.proxy.password
