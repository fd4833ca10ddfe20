"""Takes in a form that met an ended session, if somebody who had a session sent it and there is room."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import structlog

from gateway.edge.forms import form_type
from gateway.endpoints.form_room import FormRoom
from gateway.endpoints.form_store import UPLOAD_SECONDS, FormStore, KeptForm
from gateway.errors import ContentTooLarge, RequestTimeout, StoreUnavailable
from gateway.exchange import Exchange
from gateway.model import NOTHING, CanonicalRequest
from gateway.pages.screens import WhyNotKept
from gateway.policy.ruleset import RuleSet
from gateway.responses import Message, Receive
from gateway.session.holder import Holder
from gateway.session.sessions import Sessions
from gateway.upstream.client_stream import ClientGone

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FormKeeper:
    """`limit` is the largest form, in octets; `room` says whether there is a place; `rules` are those in force."""

    sessions: Sessions
    store: FormStore
    room: FormRoom
    rules: Callable[[], RuleSet]
    limit: int

    async def keep(self, exchange: Exchange, form_id: str, secret: str) -> KeptForm | WhyNotKept:
        """Keep the form of a request, or say why not. Raises RequestTimeout, ClientGone.

        What somebody with a session sent is read to its end in any case: a browser shows no answer before that.
        """
        request = exchange.admitted
        try:
            holder = await self.sessions.holder(request.cookies.get(self.sessions.cookie_name, ""))
            if holder is None:
                return "stranger"
            why = self._room_for(request, form_id, holder)
            if why is None:
                return await self._store(exchange, form_id, secret, holder)
            async for _ in _parts(exchange.receive, sys.maxsize):
                pass
            return why
        except ContentTooLarge:
            return "too-large"
        except StoreUnavailable as trouble:
            log.warning("a form could not be kept", reason=trouble.detail, request_id=request.id)
            return "trouble"

    def _room_for(self, request: CanonicalRequest, form_id: str, holder: Holder) -> WhyNotKept | None:
        """Take a place, or say why there is none."""
        length = request.header(b"content-length")
        size = int(length) if length is not None and length.isdigit() else self.limit
        if size > self.limit or self.limit == 0:
            return "too-large" if self.limit else "off"
        if not self.room.take(form_id, client=request.client, person=holder.person, size=size):
            log.info("no room for a form", request_id=request.id)
            return "no-room"
        return None

    async def _store(self, exchange: Exchange, form_id: str, secret: str, holder: Holder) -> KeptForm:
        request = exchange.admitted
        try:
            size = await self.store.write(secret, _parts(exchange.receive, self.limit))
            form = KeptForm(
                target=request.target.decode("latin-1"),
                kind=(form_type(request) or b"").decode("latin-1"),
                referer=(request.header(b"referer") or b"").decode("latin-1"),
                size=size,
                until=self.store.until,
                holder=holder,
                label=label_of(exchange, self.rules()),
            )
            await self.store.describe(secret, form)
        except BaseException:
            self.room.leave(form_id)
            raise
        return form


def label_of(exchange: Exchange, rules: RuleSet) -> Mapping[str, str]:
    """The name for people, by language, of the rule that decided about a request; empty where it has none."""
    decision = exchange.judgement.decision if exchange.judgement is not None else None
    found = (rule.label for rule in rules.rules if decision is not None and rule.id == decision.rule)
    return next(found, NOTHING)


async def _parts(receive: Receive, most: int) -> AsyncIterator[bytes]:
    """The body as it comes. Raises RequestTimeout, ClientGone; at its end ContentTooLarge where it has over `most` octets."""
    loop = asyncio.get_running_loop()
    deadline, seen, more = loop.time() + UPLOAD_SECONDS, 0, True
    while more:
        try:
            async with asyncio.timeout_at(deadline):
                message: Message = await receive()
        except TimeoutError as problem:
            raise RequestTimeout(f"the form took more than {UPLOAD_SECONDS:g} s") from problem
        if message["type"] != "http.request":
            raise ClientGone
        part, more = message.get("body", b""), message.get("more_body", False)
        seen += len(part)
        if part and seen <= most:
            yield part
    if seen > most:
        raise ContentTooLarge(f"more than {most} bytes", limit=most)
