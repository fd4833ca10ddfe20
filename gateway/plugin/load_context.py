"""What policies may refer to while the configuration is loaded: the rights, path variables and environment of their rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationInfo

from gateway.model import NOTHING, Identity
from gateway.outgoing.egress import DIRECT, Egress
from gateway.settings import SharedStore

_KEY = "load_context"


class PersonNaming(Protocol):
    """The pseudonyms of an environment, by reference to their key. Hashable, equal for the same key and environment."""

    def read(self) -> Callable[[Identity], str]:
        """The function that gives somebody's pseudonym. Reads the key. Raises ValueError with a message for operators."""


def _nothing() -> Mapping[str, Any]:
    return NOTHING


class UnknownName(ValueError):
    """A name that the configuration does not define; the loader's message adds the nearest known one."""

    def __init__(self, what: str, name: object, known: tuple[str, ...]) -> None:
        self.what = what
        self.name = name
        self.known = known
        super().__init__(f"unknown {what} {name!r}")


@dataclass(frozen=True, slots=True)
class NamedRight:
    """An entry of `rights:` in the configuration: the technical codes, what people call it, who grants it."""

    key: str
    right: str
    context: str | None
    label: Mapping[str, str] = field(default_factory=_nothing)
    granted_by: Mapping[str, str] = field(default_factory=_nothing)
    contact: Mapping[str, str] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True)
class LoadContext:
    """What the policies of one rule may refer to while they are loaded.

    Each rule is loaded once per environment, so `levels`, `shared_store` and `egress` are those of one environment.
    """

    rule: str = ""
    """The id of the rule."""

    variables: tuple[str, ...] = ()
    """The names of the variables in the rule's path pattern."""

    rights: Mapping[str, NamedRight] = field(default_factory=_nothing)
    """The entries of `rights:`, by key."""

    folder: Path = Path()
    """The folder of the configuration file, where relative paths start."""

    levels: Mapping[str, int] = field(default_factory=_nothing)
    """The level of each authentication method of the environment's provider, by its URN (the value of `acr`)."""

    shared_store: SharedStore | None = None
    """The redis server in which all workers of the environment can count together; None where there is none."""

    egress: Egress = DIRECT
    """How calls to other servers leave: `egress.transport()` is for the HTTP client of a fact source."""

    pseudonyms: PersonNaming | None = None
    """The pseudonyms by which decision records name people; None outside an environment."""

    def for_validation(self) -> dict[str, Any]:
        """The validation context to give to pydantic; field types of `gateway.settings` look for `folder`."""
        return {"folder": self.folder, _KEY: self}


def load_context(info: ValidationInfo) -> LoadContext:
    """The context in which a field is validated; an empty one where a policy is made outside the loader."""
    found = (info.context or {}).get(_KEY)
    return found if isinstance(found, LoadContext) else LoadContext()
