"""What an operator can write under `tests:` and `never:`."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, Any, Final, Literal, Self, get_args, get_type_hints

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from gateway.analysis.equivalence import CLIENT, NOON
from gateway.analysis.person import Person
from gateway.http_semantics import FURTHER_METHODS, METHODS
from gateway.model import Missing
from gateway.policy.moments import Moment
from gateway.settings import Settings

# The kinds of missing things that `missing:` can name, besides rights.
KINDS: Final[tuple[str, ...]] = get_args(get_type_hints(Missing)["kind"])


_METHODS: Final = (*METHODS, *FURTHER_METHODS)


def _address(value: str) -> str:
    try:
        # An interface (%) says nothing about where a client is: the gateway takes such an address for unknown.
        return str(ip_address(value if "%" not in value else ""))
    except ValueError as problem:
        raise ValueError(f"{value!r} is not a network address: write 192.0.2.1 or 2001:db8::1") from problem


Address = Annotated[str, AfterValidator(_address)]


def _request(value: str) -> str:
    method, space, path = value.partition(" ")
    if method not in _METHODS or not space or not path.startswith("/"):
        raise ValueError("write a method in capitals, a space and a path: GET /meldingen/1")
    return value


def _requests(value: str) -> str:
    method, space, path = value.partition(" ")
    if method not in (*_METHODS, "ANY") or not space or not path.startswith("/"):
        raise ValueError("write a method in capitals or ANY, a space and a pattern: DELETE /meldingen/**")
    return value


def _form(value: Any) -> str:
    return "name" if isinstance(value, str) else "person"


# Somebody: a name under `people:`, or a person described on the spot.
Who = Annotated[Annotated[str, Tag("name")] | Annotated[Person, Tag("person")], Discriminator(_form)]


class _Tried(Settings):
    name: str | None = None
    """What it is about, for the report."""

    env: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """The environments in which it holds; all where it is left out."""

    as_: Who | None = Field(None, alias="as")
    """Who asks: a name under `people:`, or a described person. Nobody is logged in where it is left out."""

    host: str | None = None
    """The host name that is asked; that of the environment's public_url where it is left out."""


class CaseSettings(_Tried):
    """One request and what must come of it."""

    request: Annotated[str, AfterValidator(_request)]
    """Method and path: GET /meldingen/1."""

    websocket: Annotated[bool, Field(strict=True)] = False
    """Whether it opens a WebSocket."""

    client: Address = CLIENT
    """The network address that the request comes from."""

    at: Moment = NOON
    """The moment: 2026-11-24T08:30, in Brussels' time. Tuesday 6 January 2026, noon, where it is left out."""

    facts: dict[str, Any] = Field(default_factory=dict)
    """What fact sources would have fetched, by name."""

    expect: Literal["allow", "deny", "redirect"]
    """What must come of it."""

    rule: str | None = None
    """The rule that must decide it."""

    reason: str | None = None
    """The reason that must be given."""

    upstream: str | None = None
    """The upstream that must get it; `default` is the one under `upstream:`."""

    to: str | None = None
    """Where it must be redirected to."""

    missing: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """What must be missing: one of the ways to access is exactly these names of rights or kinds (login, organisation, ...)."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for name, outcome in (("upstream", "allow"), ("to", "redirect"), ("missing", "deny")):
            if getattr(self, name) is not None and self.expect != outcome:
                raise ValueError(f"`{name}` goes with `expect: {outcome}`")
        return self


class NeverSettings(_Tried):
    """Requests that must never be allowed to somebody, whatever the rules become."""

    request: Annotated[str, AfterValidator(_requests)]
    """Method, or ANY, and a path pattern: DELETE /meldingen/**."""

    client: Address | None = None
    """The network address; any where it is left out."""

    at: Moment | None = None
    """The moment; any where it is left out."""
