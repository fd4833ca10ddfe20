"""Identities, missing things and steps as plain data: in full, or as much of an identity as one reader may see.

Plain data is what JSON can contain. `Codec` follows the fields of a dataclass, so that it includes a new field of
`Identity` by itself; for each view, tests/test_codec.py demands a choice to show or hide that field.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from gateway.model import Identity, Missing
from gateway.plan import Grant, LogIn, Step, Switch, Wait

T = TypeVar("T")
Reader = Callable[[Identity], Any]
_EMPTY: Final[tuple[Any, ...]] = (None, 0.0, [], {})


class Codec(Generic[T]):
    """A frozen dataclass as plain data and back, with all of its fields."""

    def __init__(self, kind: type[T]) -> None:
        self._adapter = TypeAdapter(kind)

    def dump(self, value: T) -> dict[str, Any]:
        """All fields in their order, by name."""
        # Read-only mappings are no dict to pydantic: it leaves them to `fallback`, with a warning.
        found: dict[str, Any] = self._adapter.dump_python(value, mode="json", fallback=dict, warnings=False)
        return found

    def load(self, data: Mapping[str, Any]) -> T:
        """The value of these fields. Raises ValueError for an unknown, missing or ill-typed one."""
        return self._adapter.validate_python(data, extra="forbid")


MISSING_FIELDS: Final = tuple(field.name for field in fields(Missing))


def missing_to_dict(missing: Missing, names: Iterable[str] = MISSING_FIELDS) -> dict[str, Any]:
    """The fields of a missing thing that are known: without absent values and empty collections."""
    known = ((name, getattr(missing, name)) for name in names)
    return {name: _plain(value) for name, value in known if value or value == ""}


def step_to_dict(step: Step) -> dict[str, Any]:
    """A step of a plan by its `type`; what stays open in it is None."""
    match step:
        case LogIn():
            return {"type": "log-in", "acr_values": list(step.acr_values)}
        case Grant():
            of_missing = missing_to_dict(step.missing, ("label", "granted_by", "contact"))
            right = {"right": step.right, "context": step.context, "organisation": step.organisation}
            return {"type": "grant", **right, **of_missing}
        case Switch():
            there = {"organisation": step.organisation, "doelgroep": step.doelgroep}
            return {"type": "switch", **there, "known": step.known}
        case Wait():
            until = datetime.fromtimestamp(step.until, UTC).isoformat(timespec="seconds")
            return {"type": "wait", "until": until}


def field_reader(path: str) -> Reader:
    """The function that reads a field of an identity by its dotted path, such as `organisation.code`.

    It gives None where the identity has no organisation.
    """
    outer, _, inner = path.partition(".")
    read_outer = attrgetter(outer)
    if not inner:
        return read_outer
    read_inner = attrgetter(inner)
    return lambda identity: read_inner(found) if (found := read_outer(identity)) is not None else None


class IdentityView:
    """What one reader may see of an identity, as plain data.

    `keys` maps each key, in order, to a dotted path of fields or to a function for another form. The keys in
    `optional` are left out where their value is empty.
    """

    def __init__(self, keys: Mapping[str, str | Reader], *, optional: Collection[str] = ()) -> None:
        self._readers = tuple(
            (key, _plain_reader(how) if isinstance(how, str) else how) for key, how in keys.items()
        )
        self._optional = frozenset(optional)

    def __call__(self, identity: Identity) -> dict[str, Any]:
        """The view of this identity."""
        found = ((key, read(identity)) for key, read in self._readers)
        return {key: value for key, value in found if key not in self._optional or value not in _EMPTY}


def _plain_reader(path: str) -> Reader:
    read = field_reader(path)
    return lambda identity: _plain(read(identity))


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else to_jsonable_python(value, fallback=dict)
