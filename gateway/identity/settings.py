"""Settings of the identity headers and of the signed assertion."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.identity.header_names import fold_header_name
from gateway.plugin import UnknownName
from gateway.settings import Duration, SecretRef, Settings

# What a header can carry, beside `claims.NAME` for a mapped extra claim.
ATTRIBUTES = (
    "subject",
    "name",
    "given_name",
    "family_name",
    "email",
    "phone",
    "doelgroep",
    "organisation.code",
    "organisation.name",
    "rights",
    "acr",
    "kind",
)

Encoding = Literal["percent", "rfc8187", "base64url", "latin1"]

_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

# Names that describe the message itself or its route (RFC 9110 section 7.6.1).
_RESERVED = frozenset(
    [
        "accept-encoding",
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "date",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "proxy",
        "proxy-authorization",
        "proxy-connection",
        "range",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-proto",
        "x-real-ip",
        "x-request-id",
    ]
)


def header_name(name: str) -> str:
    """The name of an identity header, checked. Raises ValueError for an invalid or reserved name."""
    if not set(name) <= _TOKEN or not any(char.isalnum() for char in name):
        raise ValueError(f"{name!r} is not the name of a header (RFC 9110 section 5.6.2)")
    if fold_header_name(name.encode("ascii")).decode("ascii") in _RESERVED:
        raise ValueError(f"{name} belongs to the request itself; choose another name, such as X-Auth-User")
    return name


def attribute(path: str) -> str:
    """The dotted path of an attribute of the identity, checked. Raises UnknownName (a ValueError)."""
    claim = path.removeprefix("claims.")
    if path not in ATTRIBUTES and (claim == path or not claim):
        raise UnknownName("attribute of the identity", path, (*ATTRIBUTES, "claims.NAME"))
    return path


def _distinct(headers: Mapping[str, str]) -> Mapping[str, str]:
    seen: dict[bytes, str] = {}
    for name in headers:
        other = seen.setdefault(fold_header_name(name.encode("ascii")), name)
        if other != name:
            raise ValueError(f"{other} and {name} are the same header to many backends; keep one")
    return headers


def _separator(text: str) -> str:
    if not re.fullmatch(r"[,;:|^!/] ?| ", text):
        raise ValueError("the separator is one of , ; : | ^ ! / or a space, and may have a space after it")
    return text


HeaderName = Annotated[str, AfterValidator(header_name)]
Attribute = Annotated[str, AfterValidator(attribute)]


class HeaderSettings(Settings):
    """The headers that carry the identity to the register; part of the section `identity:`."""

    headers: Annotated[Mapping[HeaderName, Attribute], AfterValidator(_distinct)] = {}
    """Header name to attribute: subject, name, given_name, family_name, email, phone, doelgroep, organisation.code,
    organisation.name, rights, acr, kind, or claims.NAME. An absent attribute is not sent."""

    header_encoding: Encoding = "percent"
    """How values outside printable ASCII are encoded: percent (UTF-8, %XX), rfc8187 (UTF-8''%XX), base64url, or latin1."""

    list_separator: Annotated[str, AfterValidator(_separator)] = ","
    """What stands between several values in one header. Inside a value it is percent-encoded."""

    headers_with_underscores: tuple[HeaderName, ...] = ()
    """Headers with an underscore that the register needs, such as SM_USER: no warning about them."""

    strip_headers: tuple[HeaderName, ...] = ()
    """Further headers that are removed from requests, beside those above and the well-known ones."""


class AssertionSettings(Settings):
    """The signed assertion of the identity, for a register that wants proof."""

    key: SecretRef
    """Private key in PEM form: EC P-256 signs ES256, RSA of 2048 bits or more signs RS256. The file can have several
    keys, the newest first (`gateway keys rotate`)."""

    next_key: SecretRef | None = None
    """The key that will be used next, public or private: it is published, so that registers know it beforehand."""

    previous: tuple[SecretRef, ...] = ()
    """Earlier keys that stay in the published key set, so that a change of key breaks nothing."""

    announce: Duration = Field(default=600.0, ge=0.0, le=604_800.0)
    """How long every gateway publishes a new key before one of them signs with it: longer than registers keep the
    published keys."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files with the keys."""
        following = [self.next_key] if self.next_key is not None else []
        return tuple(each.path for each in (self.key, *following, *self.previous) if each.path is not None)

    ttl: Duration = Field(default=60.0, ge=5.0, le=600.0)
    """How long an assertion is valid; it is replaced halfway."""

    rights: bool = Field(default=True, strict=True)
    """Whether the assertion has the rights too. They can be long: a register that reads them from their header, or not
    at all, can do without."""

    header: HeaderName = "X-Toegangspoort-Assertion"
    """The header that carries it."""
