"""Maps an action and a resource, as a program names them, to the method and target of a request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlsplit

from gateway.authzen.messages import Action, Entity, Unanswerable
from gateway.authzen.settings import ID, PATH, WHOLE, AuthzenSettings, ResourceSettings

_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]+")


class MappedRequest(NamedTuple):
    """The request that is meant; without `host` it is for the public address."""

    method: str
    target: bytes
    host: bytes | None = None


class RequestMapping:
    """The mapping of one environment, from its settings."""

    def __init__(self, settings: AuthzenSettings) -> None:
        self._resources = settings.resources
        self._actions = settings.actions

    def knows(self, resource_type: str) -> bool:
        """Whether this is a type of resource."""
        return resource_type == PATH or resource_type in self._resources

    @property
    def actions(self) -> tuple[str, ...]:
        """The names of actions, beside methods."""
        return tuple(self._actions)

    def known(self, resource_type: str) -> Iterator[Entity]:
        """The resources of this type that the configuration names, in its order."""
        found = self._resources.get(resource_type)
        for name, properties in found.known.items() if found is not None else ():
            yield Entity(type=resource_type, id=name, properties=dict(properties))

    def target(self, action: Action, resource: Entity) -> MappedRequest:
        """The request. Raises Unanswerable for an unknown type, a lacking property, or an action that means nothing."""
        method = self.method(action)
        if resource.type == PATH:
            return _of_path(method, resource.id)
        settings = self._resources.get(resource.type)
        if settings is None:
            raise Unanswerable(f"resource.type: {resource.type!r} is not a type of resource here", 404)
        return MappedRequest(method, _filled(settings, resource).encode("ascii"))

    def method(self, action: Action) -> str:
        """The method of this action. Raises Unanswerable for a named action that means nothing with these properties."""
        meanings = self._actions.get(action.name)
        if meanings is None:
            return action.name
        for each in meanings:
            if all(_same(action.properties.get(name), value) for name, value in each.when.items()):
                return each.method
        raise Unanswerable(f"action.properties: {action.name!r} means nothing with these properties", 404)


def _same(found: Any, wanted: Any) -> bool:
    return type(found) is type(wanted) and found == wanted


def _of_path(method: str, text: str) -> MappedRequest:
    host = None if text.startswith("/") else _host(text)
    escaped = _NOT_ASCII.sub(lambda found: quote(found[0]), text)
    return MappedRequest(method, escaped.encode("ascii"), host)


def _host(address: str) -> bytes:
    try:
        host = urlsplit(address).netloc
    except ValueError:
        host = ""
    if not host or not host.isascii():
        raise Unanswerable("resource.id: write a path, such as /dossiers/1, or a whole address")
    return host.encode("ascii")


def _filled(settings: ResourceSettings, resource: Entity) -> str:
    known = settings.known.get(resource.id, {})
    values: Mapping[str, Any] = {**settings.defaults, **known, **resource.properties, ID: resource.id}
    lacking = next((name for name in settings.variables if name not in values), None)
    if lacking is not None:
        raise Unanswerable(f"resource.properties: {resource.type!r} needs the property {lacking!r}")
    found = {name: _segment(name, values[name]) for name in settings.variables}
    if settings.path.startswith(WHOLE):
        if not resource.id.startswith("/"):
            raise Unanswerable(f"resource.id: the id of a {resource.type!r} is a path")
        found[ID] = quote(resource.id, safe="/")
    return settings.fill(found)


def _segment(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str) or not value:
        raise Unanswerable(f"resource.properties.{name}: write a text, a whole number, true or false")
    return quote(value, safe="")
