"""Connections to a Redis server, or to the master that Redis Sentinel names at that moment."""

from __future__ import annotations

import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Connection, Redis, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisUnreachable
from redis.exceptions import ReadOnlyError

from gateway.redis_servers.redis_url import NO_TLS, SENTINEL_URL, RedisTls

_MOST_CONNECTIONS: Final = 32
Address = tuple[str, int]


class _Following:
    """A connection that ends once its server has become a replica: the next one goes to the new master.

    `find` gives the master's address; without it, the name in the URL is looked up again. `connected` is called for each
    connection that was made.
    """

    def __init__(
        self,
        *,
        demoted: Callable[[], Awaitable[None]],
        connected: Callable[[], None],
        find: Callable[[], Awaitable[Address]] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._demoted = demoted
        self._connected = connected
        self._find = find

    async def _connect(self) -> None:
        if self._find is not None:
            self.host, self.port = await self._find()
        await super()._connect()  # type: ignore[misc]
        self._connected()

    async def read_response(self, *values: Any, **named: Any) -> Any:
        try:
            return await super().read_response(*values, **named)  # type: ignore[misc]
        except ReadOnlyError as problem:
            await self.disconnect()  # type: ignore[attr-defined]
            await self._demoted()
            raise RedisUnreachable("the server has become a replica") from problem


class _Plain(_Following, Connection):
    pass


class _Local(_Following, UnixDomainSocketConnection):
    pass


class _Encrypted(_Following, SSLConnection):
    """TLS with a context that is made once, off the event loop."""

    def __init__(self, *, tls: ssl.SSLContext, server_name: str | None, **options: Any) -> None:
        super().__init__(**options)
        self.ssl_context.context = tls
        self._server_name = server_name

    def _connection_arguments(self) -> Mapping[str, Any]:
        arguments: Mapping[str, Any] = super()._connection_arguments()
        return {**arguments, "server_hostname": self._server_name} if self._server_name else arguments


class RedisPool(BlockingConnectionPool):
    """At most 32 connections to `url`; connecting and each answer may take `timeout` seconds.

    `url` is redis://, rediss:// (with `tls`), unix:// or `SENTINEL_URL`. Makes no connection yet, but reads certificates:
    not on the event loop. Raises ValueError for those.
    """

    def __init__(
        self,
        url: str,
        *,
        password: bytes | None = None,
        sentinel_user: str | None = None,
        sentinel_password: bytes | None = None,
        tls: RedisTls = NO_TLS,
        timeout: float = 2.0,
    ) -> None:
        options: dict[str, Any] = {
            "socket_timeout": timeout,
            "socket_connect_timeout": timeout,
            # The client would look this up on disk for every connection.
            "driver_info": None,
            # A connection that the server closed is opened again once, within the bound of the call.
            "retry": Retry(NoBackoff(), 1),
            "password": _text(password),
        }
        encrypted: dict[str, Any] = {}
        if url.startswith("rediss"):
            encrypted = {"tls": _context(tls), "server_name": tls.server_name}
        kind: type[Any] = _Encrypted if encrypted else _Plain
        found = SENTINEL_URL.fullmatch(url)
        self._sentinels: list[Any] = []
        self.made = 0
        """How many connections were made: where this grows, another server may answer."""
        if found is not None:
            options |= {"username": _user(found["user"]), "db": int(found["db"] or 0)} | encrypted
            login = {"username": sentinel_user, "password": _text(sentinel_password)}
            options["find"] = self._finder(found, kind, encrypted | login, timeout)
        else:
            options |= _server(url) | encrypted
            kind = _Local if url.startswith("unix") else kind
        super().__init__(
            max_connections=_MOST_CONNECTIONS,
            timeout=timeout,
            connection_class=kind,
            demoted=self._demoted,
            connected=self._connected,
            **options,
        )

    async def aclose(self) -> None:
        """Close all connections, also those to sentinels."""
        await self.disconnect()
        for each in self._sentinels:
            await each.aclose()
            await each.connection_pool.disconnect()

    def _connected(self) -> None:
        self.made += 1

    async def _demoted(self) -> None:
        # Those in use find out by themselves; reads on the others would still be answered by the old master.
        await self.disconnect(inuse_connections=False)

    def _finder(
        self,
        found: re.Match[str],
        kind: type[Any],
        options: dict[str, Any],
        timeout: float,
    ) -> Callable[[], Awaitable[Address]]:
        hosts = [urlsplit(f"//{each}") for each in found["hosts"].split(",")]
        # A sentinel that does not answer must leave time for the others and for the master.
        each_timeout = timeout / (len(hosts) + 1)
        sentinel = Sentinel([])  # type: ignore[no-untyped-call]
        sentinel.sentinels = self._sentinels
        for each in hosts:
            pool = BlockingConnectionPool(
                connection_class=kind,
                demoted=_nothing,
                connected=_ignore,
                host=each.hostname,
                port=each.port or 26_379,
                socket_timeout=each_timeout,
                socket_connect_timeout=each_timeout,
                driver_info=None,
                retry=Retry(NoBackoff(), 0),
                **options,
            )
            self._sentinels.append(Redis(connection_pool=pool))

        async def find() -> Address:
            host, port = await sentinel.discover_master(found["master"])
            return str(host), int(port)

        return find


async def _nothing() -> None:
    pass


def _ignore() -> None:
    pass


def _server(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    user = {"username": _user(parts.username)}
    if parts.scheme == "unix":
        return user | {"path": unquote(parts.path), "db": int(parse_qs(parts.query).get("db", ["0"])[0])}
    return user | {"host": parts.hostname, "port": parts.port or 6379, "db": int(parts.path.strip("/") or 0)}


def _user(name: str | None) -> str | None:
    return unquote(name) if name else None


def _text(password: bytes | None) -> str | None:
    return password.decode() if password is not None else None


def _context(tls: RedisTls) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=tls.authority)
    except OSError as problem:
        raise ValueError(f"session.store_authority: cannot read {tls.authority}: {problem}") from problem
    if tls.certificate is not None:
        try:
            context.load_cert_chain(tls.certificate, tls.key)
        except OSError as problem:
            raise ValueError(
                f"session.store_certificate: cannot use {tls.certificate} with the key {tls.key}: {problem}"
            ) from problem
    return context
