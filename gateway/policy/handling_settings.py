"""What an operator can write in a rule about the requests it decides: upstream, limits, headers, redirect, CORS."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gateway.handling import DEFAULT_UPSTREAM, PLAIN, Cors, Handling, HeaderChanges, RedirectTo
from gateway.http_semantics import HOP_BY_HOP
from gateway.settings import Duration, Settings, Whole

_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_VALUE: Final = re.compile(r"[\t -~]{0,4096}")
_VARIABLE: Final = re.compile(r"\{([^{}]*)\}")
_LOCATION: Final = re.compile(r"[!#$&-;=?-Z_a-z~%\[\]]*")
_HTTPS: Final = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?/")
_ORIGIN: Final = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
_FRAMING: Final = frozenset(
    [
        "host",
        "content-length",
        "transfer-encoding",
        "expect",
        "trailer",
        "trailers",
        "content-encoding",
        "content-range",
        "http2-settings",
    ]
)
_OF_THE_GATEWAY: Final = frozenset(
    [
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-port",
        "x-forwarded-prefix",
        "x-request-id",
        "forwarded",
        "via",
        "date",
    ]
)
_HOP_BY_HOP: Final = frozenset(name.decode("ascii") for name in HOP_BY_HOP) | {"proxy-authorization"}


def _name(value: str) -> str:
    name = value.lower()
    if not _NAME.fullmatch(value):
        raise ValueError("a header name has letters, digits and hyphens")
    if name in _FRAMING:
        raise ValueError(f"{value} says where a message begins and ends: no rule can change it")
    if name in _HOP_BY_HOP:
        raise ValueError(f"{value} belongs to one connection (RFC 9110 section 7.6.1): no rule can change it")
    if name.startswith("sec-websocket-"):
        raise ValueError(f"{value} belongs to the opening of a WebSocket: no rule can change it")
    if name in _OF_THE_GATEWAY:
        raise ValueError(f"{value} is the gateway's own: no rule can change it")
    return name


def _value(value: str) -> str:
    if not _VALUE.fullmatch(value) or value != value.strip():
        raise ValueError("a header value has printable ASCII characters only, without spaces around them")
    return value


def _distinct(headers: Any) -> Any:
    if isinstance(headers, dict) and len({str(name).lower() for name in headers}) < len(headers):
        raise ValueError("one header is named twice, in other capitals: keep one")
    return headers


HeaderName = Annotated[str, AfterValidator(_name)]
_HeaderValue = Annotated[str, AfterValidator(_value)]


class HeaderChangeSettings(Settings):
    """Changes to the headers of a request or of an answer."""

    set: Annotated[dict[HeaderName, _HeaderValue], BeforeValidator(_distinct)] = Field(default_factory=dict)
    """Headers with their values, in place of those with the same name: {X-Tenant: reports}."""

    remove: tuple[HeaderName, ...] = ()
    """Names of headers that are left out."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.set and not self.remove:
            raise ValueError("name headers to `set` or to `remove`")
        for name in self.remove:
            if name in self.set:
                raise ValueError(f"{name} is both set and removed: `set` alone replaces what was there")
        return self

    def changes(self) -> HeaderChanges:
        """As they are applied."""
        lines = tuple((name.encode("ascii"), value.encode("ascii")) for name, value in self.set.items())
        return HeaderChanges(lines, frozenset(name.encode("ascii") for name in self.remove))


class RequestHeaderChanges(HeaderChangeSettings):
    """Changes to the headers that the upstream gets. Identity headers cannot be changed."""

    @model_validator(mode="after")
    def _no_secrets(self) -> Self:
        for name in ("authorization", "cookie"):
            if name in self.set:
                raise ValueError(f"a secret is never written here: `{name}` can be removed, not set")
        return self


class ResponseHeaderChanges(HeaderChangeSettings):
    """Changes to the headers of the upstream's answer. The gateway's own cookies stay."""

    @model_validator(mode="after")
    def _no_cookies(self) -> Self:
        if "set-cookie" in self.set:
            raise ValueError(
                "cookies are set by the upstream for one person: `set-cookie` can be removed, not set"
            )
        return self


def _to(value: str) -> str:
    if not _LOCATION.fullmatch(_VARIABLE.sub("", value)):
        raise ValueError("an address has no spaces, quotes, backslashes or accents: percent-encode them")
    if value.startswith("//"):
        raise ValueError("two slashes at the start name another host: write one, or a whole https address")
    if not value.startswith("/") and not _HTTPS.match(value):
        raise ValueError(
            "write a path (/new/{id}) or an https address of a fixed host with a path (https://other.example.be/{id})"
        )
    return value


class RedirectSettings(Settings):
    """A redirect as the outcome of a rule: the upstream gets nothing."""

    to: Annotated[str, AfterValidator(_to)]
    """A path of this site, or an https address. {kbo} is a variable of the rule's path; the query is not carried over."""

    status: Annotated[Literal[301, 302, 303, 307, 308], Whole] = 302
    """301 and 308 are for ever, 302, 303 and 307 for now; 307 and 308 keep method and body, 303 makes it a GET."""

    def compiled(self) -> RedirectTo:
        """As it is answered."""
        return RedirectTo(tuple(_VARIABLE.split(self.to)), self.status)

    @property
    def variables(self) -> tuple[str, ...]:
        """The path variables that it uses."""
        return tuple(_VARIABLE.findall(self.to))


def _origin(value: str) -> str:
    if value == "*":
        return value
    parts = urlsplit(value)
    local = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not local:
        raise ValueError("write an origin as the browser sends it: https://app.example.be")
    if not _ORIGIN.fullmatch(value):
        raise ValueError(
            "an origin is scheme, host and port in lower case, without a path: https://app.example.be"
        )
    if value.endswith(":443" if parts.scheme == "https" else ":80"):
        raise ValueError("leave out the usual port, as browsers do")
    return value


class CorsSettings(Settings):
    """Which other sites' scripts may call what the rule covers and read the answers (CORS, Fetch standard)."""

    origins: Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], Field(min_length=1)]
    """Origins as browsers send them, https://app.example.be; or "*" alone for every site, without credentials."""

    credentials: bool = Field(default=False, strict=True)
    """Whether they may do so with the cookies of the person who is logged in."""

    headers: tuple[HeaderName, ...] = ("content-type",)
    """Request headers that they may set, beside the ones that are always allowed."""

    expose: tuple[HeaderName, ...] = ()
    """Answer headers that they may read, beside the ones that are always allowed."""

    max_age: Duration = Field(default=600.0, ge=0.0, le=86_400.0)
    """How long a browser may remember that it may."""

    @model_validator(mode="after")
    def _closed(self) -> Self:
        if "*" in self.origins and len(self.origins) > 1:
            raise ValueError('write "*" alone for every site, or a list of origins')
        if "*" in self.origins and self.credentials:
            raise ValueError(
                "with `credentials` name the origins: not every site may act for whoever is logged in"
            )
        return self

    def compiled(self) -> Cors:
        """As it is answered."""
        origins = None if "*" in self.origins else frozenset(self.origins)
        return Cors(origins, self.credentials, self.headers, self.expose, int(self.max_age))


class HandlingSettings(Settings):
    """What becomes of the requests of a rule that may pass."""

    upstream: str | None = None
    """The name of the upstream that gets them, under `upstreams:`. Not set: the one under `upstream:`."""

    timeout: Duration | None = Field(default=None, gt=0.0)
    """How long the upstream may take until its answer begins, instead of its `response_timeout`."""

    max_body: int | None = Field(default=None, ge=0, strict=True)
    """Most bytes of a request body, instead of `edge.max_body_bytes` and not above it; more is answered with 413."""

    request_headers: RequestHeaderChanges | None = None
    """Changes to the headers that the upstream gets."""

    response_headers: ResponseHeaderChanges | None = None
    """Changes to the headers of the upstream's answer."""

    redirect: RedirectSettings | None = None
    """Answer with a redirect instead of sending them to an upstream."""

    cors: CorsSettings | None = None
    """Which other sites' scripts may call this."""

    @model_validator(mode="after")
    def _redirect_alone(self) -> Self:
        if self.redirect is not None:
            for name in ("upstream", "timeout", "max_body", "request_headers", "response_headers"):
                if getattr(self, name) is not None:
                    raise ValueError(f"a rule with `redirect` sends nothing to an upstream: remove `{name}`")
        own = self.response_headers
        if self.cors is not None and own is not None:
            for name in (*own.set, *own.remove):
                if name.startswith("access-control-"):
                    raise ValueError(f"`cors` says what {name} is: remove it from `response_headers`")
        return self

    def handling(self) -> Handling:
        """As the pipeline applies it; PLAIN itself where nothing is set."""
        found = Handling(
            self.upstream or DEFAULT_UPSTREAM,
            self.timeout,
            self.max_body,
            self.request_headers.changes() if self.request_headers is not None else None,
            self.response_headers.changes() if self.response_headers is not None else None,
            self.redirect.compiled() if self.redirect is not None else None,
            self.cors.compiled() if self.cors is not None else None,
        )
        return PLAIN if found == PLAIN else found
