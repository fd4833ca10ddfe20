"""Turns the data under `require:` into policies, and reports each fault with its place in that data."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from gateway.plugin.contract import Policy
from gateway.plugin.load_context import LoadContext, UnknownName

Place = tuple[str | int, ...]
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Decoder:
    """Decodes the policies of one rule. `fault` gets every fault: its place, and a ValueError or the pydantic error."""

    policies: Mapping[str, type[Policy]]
    context: LoadContext
    fault: Callable[[Place, Any], None]

    def policy(self, node: Any, place: Place, depth: int = 0) -> Policy | None:
        """The policy that a node of the rule file stands for; None where there was a fault."""
        if depth > _DEEPEST:
            self.fault(place, ValueError(f"policies are nested deeper than {_DEEPEST} levels"))
            return None
        named = self._named(node, place)
        if named is None:
            return None
        cls, options, inside, inlined = named
        ready: dict[str, Any] = {}
        whole = True
        for key, value in options.items():
            at = inside if inlined else (*inside, key)
            ready[key], fine = self._option(cls, key, value, at, depth)
            whole = whole and fine
        if not whole:
            return None
        try:
            return cls.model_validate(ready, context=self.context.for_validation())
        except ValidationError as problem:
            for error in problem.errors():
                where = tuple(part for part in error["loc"] if isinstance(part, (str, int)))
                if inlined:
                    where = where[1:]
                self.fault((*inside, *where), error)
            return None

    def _named(self, node: Any, place: Place) -> tuple[type[Policy], dict[str, Any], Place, bool] | None:
        if isinstance(node, str):
            name, value, inside = node, None, place
        elif isinstance(node, dict) and len(node) == 1:
            name, value = next(iter(node.items()))
            inside = (*place, name)
        else:
            words = "a policy is its name, or its name with options: `authenticated` or `right: {right: indiener}`"
            self.fault(place, ValueError(words))
            return None
        cls = self.policies.get(name)
        if cls is None:
            self.fault(
                inside if isinstance(node, dict) else place, UnknownName("policy", name, tuple(self.policies))
            )
            return None
        if value is None:
            return cls, {}, inside, False
        if cls.policy_inline is not None and not (
            isinstance(value, dict) and cls.policy_inline in value and len(value) == 1
        ):
            return cls, {cls.policy_inline: value}, inside, True
        if not isinstance(value, dict):
            fields = ", ".join(option_names(cls)) or "none"
            self.fault(
                inside, ValueError(f"the options of {name!r} are written as {{key: value}}; it has: {fields}")
            )
            return None
        return cls, value, inside, False

    def _option(self, cls: type[Policy], key: str, value: Any, at: Place, depth: int) -> tuple[Any, bool]:
        info = cls.model_fields.get(key)
        holds = _holds_policies(info.annotation) if info is not None else None
        if holds is None:
            return value, True
        if holds == "one":
            part = self.policy(value, at, depth + 1)
            return part, part is not None
        if not isinstance(value, list):
            self.fault(at, ValueError("write a list of policies, each behind a hyphen or between [ ]"))
            return None, False
        parts = [self.policy(item, (*at, number), depth + 1) for number, item in enumerate(value)]
        return parts, None not in parts


def option_names(policy: type[Policy]) -> tuple[str, ...]:
    """The names of a policy's options, as written in the file."""
    return tuple(info.alias or name for name, info in policy.model_fields.items())


def _holds_policies(annotation: Any) -> str | None:
    if isinstance(annotation, type) and issubclass(annotation, Policy):
        return "one"
    origin = typing.get_origin(annotation)
    arguments = [each for each in typing.get_args(annotation) if each is not Ellipsis]
    if origin in (tuple, list) and arguments and _holds_policies(arguments[0]) == "one":
        return "many"
    if origin in (typing.Union, types.UnionType):
        return next((held for held in map(_holds_policies, arguments) if held), None)
    return None
