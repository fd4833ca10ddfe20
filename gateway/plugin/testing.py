"""For the tests of a policy: makes requests, people and policies as the gateway does.

policy(FromNetwork, ["192.0.2.0/24"]).decide(facts(client="192.0.2.1"))
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.files.real_path import real_path
from gateway.model import NOTHING
from gateway.outgoing.egress import DIRECT, Egress
from gateway.plugin import (
    Facts,
    Identity,
    LoadContext,
    NamedRight,
    Organisation,
    Policy,
    Question,
    Right,
    SharedStore,
)
from gateway.plugin.decode import Decoder
from gateway.plugin.discovery import load_policies

# Tuesday 6 January 2026, noon in Brussels.
NOON = 1_767_697_200.0
LEVELS: Mapping[str, int] = {
    "urn:be:vlaanderen:authmech:eid": 35,
    "urn:be:vlaanderen:authmech:itsme": 27,
    "urn:be:vlaanderen:authmech:csamtotp": 26,
    "urn:be:vlaanderen:authmech:password": 10,
}


class OptionsRefused(Exception):
    """A policy refused its options; the message is what an operator reads."""


def facts(
    path: str = "/",
    *,
    method: str = "GET",
    host: str = "register.test",
    client: str = "192.0.2.1",
    now: float = NOON,
    identity: Identity | None = None,
    variables: Mapping[str, str] = NOTHING,
    answers: Mapping[str, Any] = NOTHING,
) -> Facts:
    """What a policy sees of one request. `now` is in seconds since the epoch; `answers` are those of fact sources, by
    the name of the question."""
    return Facts(method, host, path, client, now, identity, variables, answers)


def person(*rights: str, organisation: str | None = "0428315871", **attributes: Any) -> Identity:
    """Somebody who is logged in. Rights are `Name-Context`, held for the organisation, or `Name-Context:Code`."""
    return Identity(
        issuer="https://acm.test/op",
        subject=attributes.pop("subject", "somebody"),
        organisation=Organisation(organisation) if organisation is not None else None,
        rights=tuple(_right(text, organisation or "") for text in rights),
        **attributes,
    )


def machine(*scopes: str, organisation: str | None = None, audiences: tuple[str, ...] = ()) -> Identity:
    """An API client with these scopes, and a token for these audiences."""
    return person(
        organisation=organisation, subject="client", kind="machine", scopes=scopes, audiences=audiences
    )


def policy(
    cls: type[Policy],
    options: Any = None,
    *,
    rights: Mapping[str, NamedRight] = NOTHING,
    variables: tuple[str, ...] = (),
    levels: Mapping[str, int] = LEVELS,
    shared_store: SharedStore | None = None,
    egress: Egress = DIRECT,
    others: tuple[type[Policy], ...] = (),
) -> Policy:
    """A policy with these options, loaded as the gateway does it. `others` are the policies that it may contain.

    The other arguments are the fields of `LoadContext`. Raises OptionsRefused.
    """
    context = LoadContext("tried", variables, rights, Path(), levels, shared_store, egress)
    known = {each.policy_name: each for each in (cls, *others)}
    return _decode(Decoder(known, context, _refuse), cls, options)


def policies(folder: Path) -> Mapping[str, type[Policy]]:
    """The shipped policies and those of a folder, by name, found as the gateway finds them. Raises PluginError."""
    return load_policies([f"{real_path(folder)}/"], folder)


async def answer(asked: Policy, given: Facts) -> Any:
    """Ask the fact source of a policy for real. Raises TypeError where the policy asks nothing about these facts."""
    question = asked.question(given)
    if not isinstance(question, Question):
        raise TypeError(f"{asked.policy_name} asks nothing about these facts")
    client = await asyncio.to_thread(question.source.connect)
    try:
        return await client.ask(question.about)
    finally:
        await client.aclose()


def _decode(decoder: Decoder, cls: type[Policy], options: Any) -> Policy:
    found = decoder.policy(cls.policy_name if options is None else {cls.policy_name: options}, ())
    assert found is not None
    return found


def _refuse(place: tuple[str | int, ...], fault: Any) -> None:
    words = str(fault) if isinstance(fault, ValueError) else fault["msg"]
    raise OptionsRefused(f"{'.'.join(map(str, place))}: {words}")


def _right(text: str, organisation: str) -> Right:
    role, _, code = text.partition(":")
    name, hyphen, context = role.partition("-")
    return Right(name, context if hyphen else None, code or organisation)
