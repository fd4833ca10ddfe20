"""The keys of an environment as `gateway keys` shows them: where each is, who uses it, how long it is needed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.auth.client import ASSERTION_SECONDS
from gateway.auth.client_keys import client_keys
from gateway.auth.settings import PrivateKeyJwt
from gateway.blocks.block_list import Block
from gateway.cli.belgian_time import belgian_time
from gateway.config import EnvironmentSettings
from gateway.files.reason import may_be_there
from gateway.fleet.members import TOPIC, Member, read_members
from gateway.identity.assertion_keys import keys_in
from gateway.key_files.keyring import PURPOSES, SHOWN, Key, Purpose, agreed_key
from gateway.session.holder import REMEMBERED_SECONDS
from gateway.session.stores import open_store

State = Literal["used", "next", "previous", "published"]


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key. `purpose` is one of the rings', "assertion" or "client".

    `since`: when it was made, in seconds since the epoch; None where nobody wrote it down. `waits_for`: the processes
    that do not have it. `needed`: why it must stay, in words; "" where it need not.
    """

    purpose: str
    id: str
    place: str
    since: float | None
    state: State
    used_by: tuple[str, ...]
    waits_for: tuple[str, ...]
    needed: str


def members_of(settings: EnvironmentSettings, environment: str) -> tuple[Member, ...]:
    """The running processes that share this environment's store. Raises StoreUnavailable, ValueError."""
    path = settings.session.store.path
    if settings.session.store.kind == "memory" or (path is not None and not may_be_there(path)):
        return ()

    async def ask() -> tuple[Member, ...]:
        store = open_store(settings.session, environment=environment, clock=time.time, make=False)
        try:
            await store.start()
            return read_members(await store.entries(TOPIC, now=time.time()))
        finally:
            await store.aclose()

    return asyncio.run(ask())


def rows(
    settings: EnvironmentSettings, members: Sequence[Member], blocks: Sequence[Block], now: float
) -> list[KeyRow]:
    """Every key, newest first for each purpose. Raises ValueError where one cannot be read."""
    found: list[KeyRow] = []
    for purpose in PURPOSES:
        ring = settings.ring(purpose)
        keys = ring.read()
        use = _Use(purpose, [key.id for key in keys], members)
        for key in keys:
            needed = _needed(settings, key, use, keys[0], blocks, now)
            found.append(_row(use, key.id, ring.secrets[0].reference, key.created, needed))
    signing = [key for key in keys_in(settings.assertion.key) if key.can_sign]
    use = _Use("assertion", [key.kid for key in signing], members)
    for each in signing:
        until = use.since(each.kid, signing[0].since) + settings.assertion.ttl
        words = f"until {belgian_time(until)}" if until > now else ""
        found.append(_row(use, each.kid, settings.assertion.key.reference, each.since or None, words))
    following = [settings.assertion.next_key] if settings.assertion.next_key is not None else []
    for secret in (*following, *settings.assertion.previous):
        for each in keys_in(secret):
            words = "as long as it is in the configuration"
            found.append(
                KeyRow("assertion", each.kid[:SHOWN], secret.reference, None, "published", (), (), words)
            )
    return [*found, *_client_rows(settings, members, now)]


def _client_rows(settings: EnvironmentSettings, members: Sequence[Member], now: float) -> Iterator[KeyRow]:
    auth = settings.provider.client_auth
    if not isinstance(auth, PrivateKeyJwt):
        return
    keys = client_keys(auth)
    use = _Use("client", [key.kid for key in keys if key.since is not None], members)
    for key in keys:
        name, place = key.kid[:SHOWN], auth.key.reference
        if key.since is None:
            waits = (f"the provider: give it the key, then `gateway keys use {name}`",)
            yield KeyRow("client", name, place, key.created, "next", (), waits, "for later")
            continue
        until = use.since(key.kid, keys[0].created or 0.0) + ASSERTION_SECONDS
        words = f"until {belgian_time(until)}" if until > now else ""
        yield _row(use, key.kid, place, key.created, words)


def shared_key(settings: EnvironmentSettings, environment: str, purpose: Purpose) -> Key:
    """The key to use now: the newest that every running process has. Raises StoreUnavailable, ValueError."""
    keys = settings.ring(purpose).read()
    others = [each.accepts[purpose] for each in members_of(settings, environment) if purpose in each.accepts]
    own = dict.fromkeys((key.id for key in keys), 0.0)
    first = agreed_key(own, others, announced_for=0.0, now=0.0)
    return next(key for key in keys if key.id == first)


class _Use:
    """Who uses the keys for one purpose; `keys` are ids, newest first."""

    def __init__(self, purpose: str, keys: Sequence[str], members: Sequence[Member]) -> None:
        self.purpose = purpose
        self._keys = keys
        self._members = [each for each in members if purpose in each.accepts]
        self._uses = [each.uses[purpose] for each in self._members if purpose in each.uses]

    def by(self, key: str) -> tuple[str, ...]:
        """The processes that use this key."""
        return tuple(_name(each) for each in self._members if each.uses.get(self.purpose, ("",))[0] == key)

    def lacking(self, key: str) -> tuple[str, ...]:
        """The processes that do not have it."""
        return tuple(_name(each) for each in self._members if key not in each.accepts[self.purpose])

    def state(self, key: str) -> State:
        """Where no process runs, the newest key is what the next one will use."""
        if self.by(key) or (not self._uses and key == self._keys[0]):
            return "used"
        used = [number for number, each in enumerate(self._keys) if self.by(each)] or [0]
        return "next" if self._keys.index(key) < min(used) else "previous"

    def since(self, key: str, otherwise: float) -> float:
        """Since when nothing was made with this key."""
        return max((since for each, since in self._uses if each != key), default=otherwise)


def _row(use: _Use, key: str, place: str, since: float | None, needed: str) -> KeyRow:
    state = use.state(key)
    words = {"used": "as long as it is used", "next": "for later"}.get(state, needed)
    return KeyRow(use.purpose, key[:SHOWN], place, since, state, use.by(key), use.lacking(key), words)


def _needed(
    settings: EnvironmentSettings, key: Key, use: _Use, newest: Key, blocks: Sequence[Block], now: float
) -> str:
    since = use.since(key.id, newest.created or now)
    match key.purpose:
        case "pseudonyms":
            held = sorted(each.id for each in blocks if each.in_force(now) and key.id in each.keys)
            return f"for the block{'s' if len(held) != 1 else ''} {', '.join(held)}" if held else ""
        case "records":
            return "for the records that it sealed, as long as you keep them"
        case "flows":
            until = since + settings.provider.flow_lifetime
        case "sessions":
            # Forms are kept for people who had a session not long ago.
            until = since + settings.session.max_lifetime + REMEMBERED_SECONDS
    return f"until {belgian_time(until)}" if until > now else ""


def _name(member: Member) -> str:
    return f"{member.host} (process {member.pid})"
