"""What an operator can set about the decision point: where it listens, who may ask, and what names stand for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StrictBool, StrictInt, StrictStr, model_validator

from gateway.files.plain_file import read_plain
from gateway.http_semantics import METHODS
from gateway.settings import FileBeside, SecretRef, Settings

Right = Literal["evaluate", "search", "describe", "count"]
Value = StrictBool | StrictInt | StrictStr
SESSION: Final = "session"
"""The type of a subject that is a session, by the assertion that the gateway signed about it."""
PERSON: Final = "person"
PROGRAM: Final = "program"
PATH: Final = "path"
"""The type of a resource that is a path of the register."""
ID: Final = "id"
WHOLE: Final = "{id}"
"""The beginning of a path for which the id of a resource is a path itself."""
_CERTIFICATE: Final = re.compile(r"dns:[A-Za-z0-9.-]+|uri:[!-~]+|sha256:[0-9a-f]{64}")
_VARIABLE: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


def _address(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ValueError("write an address to listen on as HOST:PORT, such as 127.0.0.1:8010")
    return value


def _url(value: str) -> str:
    parts = urlsplit(value)
    local = parts.scheme == "http" and parts.hostname in _LOCAL
    if not (parts.scheme == "https" or local) or not parts.hostname or parts.username is not None:
        raise ValueError(
            "write the https address by which programs reach the decision point: https://pdp.example.be"
        )
    if parts.query or parts.fragment or (parts.path not in ("", "/") and parts.path.endswith("/")):
        raise ValueError("write the address without a query, a fragment or a slash at its end")
    return value.rstrip("/")


def _certificate(value: str) -> str:
    if not _CERTIFICATE.fullmatch(value):
        raise ValueError(
            "write how the certificate is known: dns:NAME or uri:URI (a subjectAltName), or sha256:HEX (its fingerprint)"
        )
    return value


def _template(value: str) -> str:
    if (
        not value.startswith(("/", WHOLE))
        or "?" in value
        or "#" in value
        or set(_VARIABLE.sub("", value)) & set("{}")
    ):
        raise ValueError(
            "write a path with variables, such as /dossiers/{id}, or {id} where the id is a path"
        )
    if ID not in _VARIABLE.findall(value):
        raise ValueError("the path must contain {id}, the id of the resource")
    return value


def _method(value: str) -> str:
    if value not in METHODS:
        raise ValueError(f"write one of {', '.join(sorted(METHODS))}")
    return value


class TlsSettings(Settings):
    """TLS at the listener of the decision point."""

    certificate: FileBeside
    """The certificate, with its chain, in PEM form."""

    key: FileBeside
    """Its private key, in PEM form."""

    client_authorities: FileBeside | None = None
    """The authorities (PEM) that sign the certificates of callers; with it, nobody connects without one (mTLS)."""


class CallerSettings(Settings):
    """A program that may ask for decisions, and how it is known. With both credentials it needs both."""

    bearer: tuple[SecretRef, ...] = ()
    """Its bearer tokens by reference, each of 32 characters or more; two while one is replaced by the other."""

    certificate: Annotated[str, AfterValidator(_certificate)] | None = None
    """Its client certificate: `dns:NAME` or `uri:URI` (a subjectAltName), or `sha256:HEX` (its fingerprint)."""

    may: Annotated[tuple[Right, ...], Field(min_length=1)] = ("evaluate",)
    """`evaluate` asks about sessions; `describe` lets it describe the subject itself, and is believed; `search` asks
    for lists; `count` lets evaluations count for rate limits where it asks for that."""

    upstreams: tuple[str, ...] = ()
    """The upstreams whose assertions it may present; without it those of all upstreams."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if not self.bearer and self.certificate is None:
            raise ValueError("give the caller a credential: `bearer: [file:...]` or `certificate: dns:NAME`")
        return self


class SubjectSettings(Settings):
    """A type of subject that callers describe."""

    kind: Literal["person", "machine"] = "person"
    """Whether it is a person or a program."""

    claims: tuple[str, ...] = ()
    """Properties that become extra claims of the same name."""

    known: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    """Subjects by id, with their properties: what a search for subjects looks through."""


class ResourceSettings(Settings):
    """A type of resource, as paths that rules judge."""

    path: Annotated[str, AfterValidator(_template)]
    """Its path; `{id}` is the id of the resource, any other variable one of its properties. Where it begins with `{id}`,
    ids are paths."""

    defaults: Mapping[str, Value] = Field(default_factory=dict)
    """Properties that it has where nothing else is said."""

    known: Mapping[str, Mapping[str, Value]] = Field(default_factory=dict)
    """Resources by id, with their properties: what a search for resources looks through."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables in the path."""
        return tuple(_VARIABLE.findall(self.path))

    def fill(self, values: Mapping[str, str]) -> str:
        """The path with these values, which are percent-encoded already."""
        return _VARIABLE.sub(lambda found: values[found[1]], self.path)


class ActionSettings(Settings):
    """What an action means: a method, where its properties are as in `when`."""

    method: Annotated[str, AfterValidator(_method)]
    """The method that rules judge."""

    when: Mapping[str, Value] = Field(default_factory=dict)
    """Properties of the action that it must have; the first entry that fits counts."""


class AuthzenSettings(Settings):
    """The decision point (OpenID AuthZEN Authorization API 1.0), at a listener of its own."""

    listen: Annotated[str, AfterValidator(_address)]
    """Where programs ask, as HOST:PORT. Never reachable for browsers."""

    url: Annotated[str, AfterValidator(_url)]
    """The address by which programs reach it: the identifier in its metadata."""

    tls: TlsSettings | None = None
    """TLS at this listener; without it a proxy on the same machine terminates TLS."""

    callers: Annotated[
        Mapping[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")], CallerSettings], Field(min_length=1)
    ]
    """The programs that may ask, by name."""

    subjects: Mapping[str, SubjectSettings] = Field(default_factory=dict)
    """Types of subjects, beside `session`, `person` and `program`."""

    resources: Mapping[str, ResourceSettings] = Field(default_factory=dict)
    """Types of resources, beside `path`."""

    actions: Mapping[str, Annotated[tuple[ActionSettings, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    """Names of actions, beside methods."""

    max_body_bytes: int = Field(default=262_144, ge=1_024, le=16_777_216, strict=True)
    """Most bytes of one question; more is answered with 413."""

    max_evaluations: int = Field(default=100, ge=1, le=1_000, strict=True)
    """Most evaluations in one question; more is answered with 400."""

    page_size: int = Field(default=100, ge=1, le=1_000, strict=True)
    """Most results of a search in one answer."""

    def certificates(self) -> dict[str, str]:
        """By which certificate callers are known, by caller; a name counts with the authorities that sign for it.

        Reads the disk. Callers whose authorities cannot be read are left out.
        """
        signers = self.tls.client_authorities if self.tls is not None else None
        found: dict[str, str] = {}
        for name, caller in self.callers.items():
            if caller.certificate is not None and caller.certificate.startswith("sha256:"):
                found[name] = caller.certificate
            elif caller.certificate is not None and signers is not None:
                with suppress(OSError):
                    by = hashlib.sha256(read_plain(signers)).hexdigest()
                    found[name] = f"{caller.certificate} by {by}"
        return found

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        mutual = self.tls is not None and self.tls.client_authorities is not None
        for name, caller in self.callers.items():
            if caller.certificate is not None and not mutual:
                raise ValueError(
                    f"caller {name!r} is known by a certificate: name who signs those under `tls: {{client_authorities: ...}}`"
                )
        for name in (SESSION, PERSON, PROGRAM):
            if name in self.subjects:
                raise ValueError(f"{name!r} is a type of subject already: choose another name")
        if PATH in self.resources:
            raise ValueError(f"{PATH!r} is a type of resource already: choose another name")
        for name in METHODS:
            if name in self.actions:
                raise ValueError(f"{name} is a method: an action by that name can mean nothing else")
        return self
