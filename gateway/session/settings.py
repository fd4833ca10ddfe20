"""What an operator can set about sessions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from gateway.files.real_path import real_path
from gateway.key_files.keyring import Ring
from gateway.outgoing.host_spelling import one_spelling
from gateway.redis_servers.redis_url import SENTINEL_URL, RedisTls
from gateway.settings import Duration, FileBeside, SecretRef, Settings, SharedStore

_REDIS = re.compile(
    r"rediss?://([A-Za-z0-9._%-]+@)?([A-Za-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?(/[0-9]{0,4})?"
)
_SENTINEL_PORT = 26_379
_SOCKET = re.compile(r"unix://([A-Za-z0-9._%-]+@)?/[^?#]+(\?db=[0-9]{1,4})?")


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where sessions are kept; `path` for sqlite, `url` for redis."""

    kind: Literal["memory", "sqlite", "redis"]
    path: Path | None = None
    url: str | None = None

    def __str__(self) -> str:
        if self.path is not None:
            return f"sqlite:{self.path}"
        return self.url or "memory:"


def _store(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, StoreAddress):
        return value
    words = "write memory:, sqlite:PATH, redis://HOST:PORT/NUMBER or redis+sentinel://HOST:PORT,HOST:PORT/MASTER/NUMBER"
    if not isinstance(value, str):
        raise ValueError(words)
    if value == "memory:":
        return StoreAddress("memory")
    kind, _, path = value.partition(":")
    if kind == "sqlite" and path:
        folder = Path((info.context or {}).get("folder", Path()))
        return StoreAddress("sqlite", path=folder / path)
    if ":" in value.partition("://")[2].rpartition("@")[0]:
        raise ValueError("a password is never written here: use store_password with env:NAME or file:PATH")
    if SENTINEL_URL.fullmatch(value) or (kind in ("redis", "rediss") and _REDIS.fullmatch(value)):
        return StoreAddress("redis", url=value)
    if kind == "unix" and _SOCKET.fullmatch(value):
        return StoreAddress("redis", url=value)
    raise ValueError(words)


Store = Annotated[
    StoreAddress,
    BeforeValidator(_store),
    WithJsonSchema(
        {"type": "string", "pattern": r"^(memory:|sqlite:.+|rediss?(\+sentinel)?://.+|unix://.+)$"}
    ),
]


class BoundSettings(Settings):
    """Sessions that the browser binds to a key which never leaves its device (Device Bound Session Credentials), where it
    can: a stolen ticket opens nothing without it."""

    lifetime: Duration = Field(default=600.0, ge=60.0, le=3_600.0)
    """For how long a proof of the key counts. After that the browser renews it by itself, and a stolen cookie is
    worthless."""

    algorithms: Annotated[tuple[Literal["ES256", "RS256"], ...], Field(min_length=1)] = ("ES256", "RS256")
    """The kinds of keys that browsers may use, the preferred one first."""


class SessionSettings(Settings):
    """Where sessions are kept and how long they last."""

    store: Store
    """memory: (one process, for trying out), sqlite:PATH (one machine), or redis://HOST:PORT/N, rediss:// (TLS),
    unix:///PATH?db=N or redis+sentinel://HOST:PORT,HOST:PORT/MASTER/N (several machines)."""

    store_password: SecretRef | None = None
    """The password of the redis server, as env:NAME or file:PATH."""

    store_sentinel_password: SecretRef | None = None
    """The password of the sentinels themselves, where they have one."""

    store_sentinel_user: str | None = None
    """The user of the sentinels themselves, where they have an ACL."""

    store_authority: FileBeside | None = None
    """The certificates that the redis server's own is judged by (PEM), for rediss://; the machine's by default."""

    store_certificate: FileBeside | None = None
    """The gateway's own certificate (PEM), for a redis server that asks for one (tls-auth-clients)."""

    store_certificate_key: SecretRef | None = None
    """The private key of that certificate, as file:PATH."""

    store_server_name: str | None = None
    """The name that the certificates of the redis servers and sentinels must have, where that is not the host in their
    address: sentinels name servers by IP address as a rule."""

    store_timeout: Duration = Field(default=2.0, gt=0.0, le=30.0)
    """How long one call to the redis server may take before the store counts as down."""

    key: SecretRef
    """At least 32 random octets that seal sessions, as file:PATH or env:NAME. From it every other key is derived that
    the file does not have and `keys` does not name."""

    previous_keys: tuple[SecretRef, ...] = ()
    """Earlier keys: sessions under them go on, new ones are made under `key`."""

    idle_timeout: Duration = 1_800.0
    """A session ends when nothing was asked for this long."""

    max_lifetime: Duration = 36_000.0
    """A session ends this long after the login, whatever happens."""

    recheck: Duration = 900.0
    """After how long the provider is asked again what somebody may do; 0s for never."""

    recheck_grace: Duration = 600.0
    """How much longer a session goes on when it cannot be rechecked just then, because the provider does not answer
    or a form is being sent. `recheck` and this together bound how late the end of a right is seen."""

    form_limit: Annotated[int, Field(ge=0, le=104_857_600, strict=True)] = 10_485_760
    """The largest form, in octets and with its files, that is kept when it meets an ended session; 0 keeps none."""

    form_total: Annotated[int, Field(ge=0, strict=True)] = 104_857_600
    """How many octets of such forms one worker process keeps at the same time, in the session store: at most half of
    it for one network address (IPv6: 64 bits), and a quarter for one person."""

    cache_ttl: Duration = Field(default=5.0, ge=0.0, le=300.0)
    """How long an opened session is remembered without asking the store: the bound for a late revocation."""

    store_grace: Duration = Field(default=0.0, ge=0.0, le=600.0)
    """How much longer than `cache_ttl` a session goes on that was opened here, where the store gives no answer: for the
    seconds of a failover. A logout or revocation elsewhere is seen so much later, if this gateway alone is cut off."""

    cache_size: int = Field(default=10_000, ge=1, le=10_000_000, strict=True)
    """How many opened sessions one worker process remembers."""

    bound: BoundSettings | None = None
    """Sessions that browsers bind to a key; without it none are. Other browsers have sessions as before: a rule can ask
    for a bound one with `assurance: {bound: true}`."""

    @model_validator(mode="after")
    def _own_certificate(self) -> Self:
        key = self.store_certificate_key
        if (self.store_certificate is None) != (key is None):
            raise ValueError("store_certificate and store_certificate_key go together: give both, or neither")
        if key is not None and key.path is None:
            raise ValueError("store_certificate_key: the key is read from a file: write file:PATH")
        given = {"store_authority", "store_certificate", "store_server_name"} & self.model_fields_set
        if given and self.store.url is not None and not self.store.url.startswith("rediss"):
            raise ValueError(
                f"{', '.join(sorted(given))}: only a store with TLS has certificates: write rediss:// or rediss+sentinel://"
            )
        return self

    def shared(self, prefix: str) -> SharedStore | None:
        """The redis server, for keys that begin with `prefix`; None where sessions are kept elsewhere."""
        if self.store.url is None:
            return None
        return SharedStore(
            self.store.url,
            self.store_password,
            prefix,
            self.store_sentinel_password,
            RedisTls(
                self.store_authority,
                self.store_certificate,
                self.store_certificate_key.path if self.store_certificate_key is not None else None,
                self.store_server_name,
            ),
            self.store_timeout,
            self.store_sentinel_user,
        )

    @property
    def ring(self) -> Ring:
        """The keys that seal sessions."""
        return Ring("sessions", (self.key, *self.previous_keys))

    @property
    def address(self) -> str:
        """The store in one spelling, to find out whether two environments share it."""
        return ",".join(self.addresses)

    @property
    def addresses(self) -> tuple[str, ...]:
        """The same by each of its sentinels, of which two environments may name others."""
        if self.store.path is not None:
            return (f"sqlite:{real_path(self.store.path)}",)
        sentinel = SENTINEL_URL.fullmatch(self.store.url or "")
        if sentinel is not None:
            number = int(sentinel["db"] or 0)
            return tuple(
                f"redis:{sentinel['master']}:{each}:{number}"
                for each in sorted(map(_server, sentinel["hosts"].split(",")))
            )
        if self.store.url is not None:
            parts = urlsplit(self.store.url)
            if parts.scheme == "unix":
                return (f"redis:{parts.path}:{int(parts.query.removeprefix('db=') or 0)}",)
            host, number = one_spelling(parts.hostname or ""), int(parts.path.strip("/") or 0)
            return (f"redis:{host}:{parts.port or 6379}:{number}",)
        return (f"memory:{id(self)}",)


def _server(text: str) -> str:
    parts = urlsplit(f"//{text}")
    return f"{one_spelling(parts.hostname or '')}:{parts.port or _SENTINEL_PORT}"
