"""What the settings models of all areas share: frozen, strict about unknown keys, with durations and secrets."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
)

from gateway.files.plain_file import read_plain
from gateway.files.reason import reason
from gateway.redis_servers.redis_url import NO_TLS, RedisTls

if TYPE_CHECKING:
    from gateway.redis_servers.redis_pool import RedisPool

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_MOST_SECRET = 1 << 20
_LAST_PORT = 65_535
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Settings(BaseModel):
    """A part of the configuration. Unknown keys are refused; the docstring of a field is its documentation.

    What checks it is built with the whole that it is part of; a whole has `defer_build=False`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def _duration(value: Any) -> Any:
    if isinstance(value, float) and not isinstance(value, bool):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write a duration as a number with its unit: 500ms, 30s, 10m, 8h or 7d")
    return float(match[1]) * _UNITS[match[2]]


# Seconds, written in the configuration as "500ms", "30s", "10m", "8h" or "7d".
Duration = Annotated[
    float,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?(ms|s|m|h|d)$"}),
]


def _whole(value: Any) -> Any:
    if isinstance(value, bool | float):
        written = str(value).lower()
        raise ValueError(f"a whole number is expected here, not {written}")
    return value


# For a choice of whole numbers: `true` and 1.0 are equal to 1, and no way to write it.
Whole = BeforeValidator(_whole)


def _catalogued(value: str, info: ValidationInfo) -> str:
    known = (info.context or {}).get("languages")
    if known is not None and value not in known:
        raise ValueError(
            f"the pages have no words in {value!r}, only in {', '.join(sorted(known))}: add {value}.po to the folder "
            "`pages: translations:`"
        )
    return value


# The tag of a language; the validation context contains `languages`, those that the pages have a catalogue for.
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$"), AfterValidator(_catalogued)]

# One text in several languages. A reader whose language is missing gets the one that is written first.
Texts = dict[LanguageTag, str]


# What names a unix socket in place of HOST:PORT, and the most octets that its path may have (unix(7)).
UNIX: Final = "unix:"
_LONGEST_SOCKET: Final = 107


def _listen_address(value: str) -> str:
    if value.startswith(f"{UNIX}/"):
        if len(os.fsencode(value.removeprefix(UNIX))) > _LONGEST_SOCKET:
            raise ValueError(f"the path of a unix socket has at most {_LONGEST_SOCKET} octets")
        return value
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > _LAST_PORT:
        raise ValueError(
            "write an address to listen on: HOST:PORT, such as 127.0.0.1:8000, or unix:/run/toegangspoort/public.sock"
        )
    return value


# Where a listener of the gateway listens: HOST:PORT, or unix:PATH for a socket that the file's group may use.
ListenAddress = Annotated[str, AfterValidator(_listen_address)]


def in_folder(value: Path, info: ValidationInfo) -> Path:
    """A path, relative to the folder of the configuration file, which the validation context contains."""
    return Path((info.context or {}).get("folder", Path())) / value


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that the configuration names but does not contain: `env:NAME` or `file:PATH`.

    Relative paths start at the folder of the configuration file. Nothing is read before `read()`.
    """

    reference: str
    folder: Path

    @property
    def path(self) -> Path | None:
        """The file with the secret, or None where it comes from the process environment."""
        kind, _, place = self.reference.partition(":")
        return self.folder / place if kind == "file" else None

    def read(self) -> bytes:
        """The secret itself, without the newline that editors add.

        Raises ValueError with a message for operators where it is missing, empty, or readable by everybody.
        """
        kind, _, place = self.reference.partition(":")
        if kind == "env":
            value = os.environ.get(place, "").encode()
            if not value:
                raise ValueError(f"the environment variable {place} is not set or empty")
            return value
        path = self.folder / place
        try:
            mode = path.stat().st_mode
            value = read_plain(path, _MOST_SECRET).rstrip(b"\r\n")
        except OSError as problem:
            make = (
                "; `gateway keys generate` makes the keys" if isinstance(problem, FileNotFoundError) else ""
            )
            raise ValueError(f"cannot read {path}: {reason(problem)}{make}") from problem
        if mode & 0o007:
            raise ValueError(f"{path} can be read by every user of the machine: run chmod 600 {path}")
        if not value:
            raise ValueError(f"{path} is empty")
        return value

    def __repr__(self) -> str:
        return f"Secret({self.reference!r})"


@dataclass(frozen=True, slots=True)
class SharedStore:
    """A redis server where all workers of an environment can share data; their keys begin with `prefix`.

    `url` and the rest are as in the section `session`; `timeout` is in seconds.
    """

    url: str
    password: Secret | None
    prefix: str
    sentinel_password: Secret | None = None
    tls: RedisTls = NO_TLS
    timeout: float = 2.0
    sentinel_user: str | None = None

    @property
    def address(self) -> str:
        """The servers for people to read: hosts, or the path of a socket."""
        return self.url.partition("://")[2].rpartition("@")[2]

    def pool(self) -> RedisPool:
        """Connections to it, none opened yet. Reads from the disk. Raises ValueError with a message for operators."""
        # The library is needed only where there is such a server.
        from gateway.redis_servers.redis_pool import RedisPool  # noqa: PLC0415

        return RedisPool(
            self.url,
            password=self.password.read() if self.password is not None else None,
            sentinel_password=self.sentinel_password.read() if self.sentinel_password is not None else None,
            sentinel_user=self.sentinel_user,
            tls=self.tls,
            timeout=self.timeout,
        )


def secret(value: Any, info: ValidationInfo) -> Any:
    """A secret as it is written in the configuration. Raises ValueError for anything else."""
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)", value):
        raise ValueError("a secret is never written here: use env:NAME or file:PATH")
    folder = (info.context or {}).get("folder", Path())
    return Secret(value, Path(folder))


# A file, by a path relative to the configuration file; the validation context contains `folder`.
FileBeside = Annotated[Path, AfterValidator(in_folder)]

# A secret by reference; the validation context contains `folder`, where relative paths start.
SecretRef = Annotated[
    Secret,
    BeforeValidator(secret),
    WithJsonSchema({"type": "string", "pattern": r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$"}),
]
