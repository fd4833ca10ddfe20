"""For tests of policy modules: requests, people and policies, made as the gateway makes them.

It decides nothing. A test reads: `policy(Client, {"address": "192.0.2.1"}).decide(facts(client="192.0.2.1"))`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.model import NOTHING
from gateway.plugin.contract import (
    Facts,
    Identity,
    NamedRight,
    Organisation,
    Policy,
    Question,
    Right,
    SharedStore,
)
from gateway.plugin.decode import Decoder, RuleContext
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
    """The options of a policy do not fit; the words are what an operator would read."""


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
    """What a policy sees of one request. `answers` are those of fact sources, by the name of the question."""
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
    others: tuple[type[Policy], ...] = (),
) -> Policy:
    """The policy that the loader makes of these options. `others` are policies that it may be made of.

    Raises OptionsRefused where the options do not fit.
    """
    context = RuleContext(
        rights=rights,
        variables=variables,
        rule="tried",
        folder=Path(),
        levels=levels,
        shared_store=shared_store,
    )
    known = {each.policy_name: each for each in (cls, *others)}
    return _decode(Decoder(known, context, _refuse), cls, options)


def policies(folder: Path) -> Mapping[str, type[Policy]]:
    """The policies of a folder by name, found as the gateway finds them. Raises PluginError."""
    return load_policies([f"{folder.resolve()}/"], folder)


async def answer(asked: Policy, given: Facts) -> Any:
    """What the fact source of a policy answers about these facts, asked for real."""
    question = asked.question(given)
    if not isinstance(question, Question):
        raise TypeError(f"{asked.policy_name} asks nothing about these facts")
    asker = await asyncio.to_thread(question.source.connect)
    try:
        return await asker.ask(question.about)
    finally:
        await asker.aclose()


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
