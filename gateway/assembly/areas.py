"""The areas of one environment, before the stages of a request join them."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.assembly.environment import Environment
from gateway.assembly.observers import Observers, observers
from gateway.assembly.operations import Operations, operations
from gateway.assembly.people import People, people
from gateway.assembly.register import Register, register
from gateway.assembly.rules import Rules, rules


@dataclass(frozen=True, slots=True)
class Areas:
    """Who follows, who asks, what is allowed, what operators order, and where requests go."""

    observers: Observers
    people: People
    rules: Rules
    operations: Operations
    register: Register


def areas(environment: Environment) -> Areas:
    """Makes the areas of this environment."""
    asking, allowed = people(environment), rules(environment)
    return Areas(
        observers(environment),
        asking,
        allowed,
        operations(environment, allowed, asking.sessions),
        register(environment),
    )
