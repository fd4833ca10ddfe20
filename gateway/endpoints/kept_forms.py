"""A form that met an ended session: kept while somebody logs in, then sent once, when they confirm it.

What is sent then goes the way of any other request, and the rules decide about it.
"""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qs

import structlog
from starlette.requests import Request

from gateway.cookies import Cookie
from gateway.edge.forms import is_same_origin
from gateway.endpoints.form_keeper import FormKeeper
from gateway.endpoints.form_room import FormRoom
from gateway.endpoints.form_store import UPLOAD_SECONDS, FormStore, KeptForm
from gateway.endpoints.kept_request import (
    FIELD,
    MARK,
    body_receive,
    is_marked,
    kept_scope,
    marked_id,
    replayed,
)
from gateway.endpoints.requests import exchange_of, query_value, query_values, read_body, request_of
from gateway.endpoints.return_path import is_kept_form
from gateway.errors import (
    BadRequest,
    FormForAnotherOrganisation,
    FormGone,
    FormOfAnother,
    FormSent,
    GatewayError,
    LoginRequired,
    StoreUnavailable,
)
from gateway.exchange import Caller, Exchange
from gateway.model import CanonicalRequest, Language, Organisation
from gateway.pages.links import may_be_framed, switch_url
from gateway.pages.names import organisation_name, within_a_sentence
from gateway.pages.outcome import KeptNote
from gateway.pages.screens import Screens, WhyNotKept
from gateway.policy.ruleset import RuleSet
from gateway.responses import Receive, Response, Scope
from gateway.session.holder import Holder
from gateway.session.sessions import Session, Sessions
from gateway.session.settings import SessionSettings
from gateway.session.ticket import is_ticket, new_ticket

log = structlog.get_logger()
PATH: Final = "/oauth2/resume"
KEPT_SECONDS: Final = 1_800
_MOST_CONFIRMATION: Final = 4_096
_ID = re.compile(r"[0-9a-f]{20}")


@dataclass(frozen=True, slots=True)
class KeptForms:
    """The forms that wait for a login; `keeper` takes them in."""

    sessions: Sessions
    screens: Screens
    store: FormStore
    room: FormRoom
    keeper: FormKeeper
    secure: bool

    @classmethod
    def of(
        cls,
        settings: SessionSettings,
        sessions: Sessions,
        screens: Screens,
        rules: Callable[[], RuleSet],
        *,
        clock: Callable[[], float],
        steady: Callable[[], float],
        secure: bool,
    ) -> KeptForms:
        """The kept forms of one environment. `clock` gives seconds since the epoch, `steady` never goes back."""
        store = FormStore(sessions.one_time, clock, seconds=KEPT_SECONDS)
        room = FormRoom(settings.form_total, KEPT_SECONDS + UPLOAD_SECONDS, steady=steady)
        keeper = FormKeeper(sessions, store, room, rules, settings.form_limit)
        return cls(sessions, screens, store, room, keeper, secure)

    def keeping_nothing(self) -> KeptForms:
        """The same where the body of a request is not at hand."""
        return replace(self, keeper=replace(self.keeper, limit=0))

    # When a form meets an ended session

    async def refused(self, exchange: Exchange, acr_values: Sequence[str]) -> Response | None:
        """The page for a form of this site that a login helps, kept if possible; None for a form of another site.

        It is no redirect: the CSP of the page that sent the form (`form-action 'self'`) would hold up one to the provider.
        Raises FormGone for the confirmation of a form that is no longer kept.
        """
        request = exchange.admitted
        back = _resume(exchange.returned_form) if exchange.returned_form else self.back(request)
        if back is None and not is_same_origin(request, if_unknown=False):
            return None
        cookies: tuple[str, ...] = ()
        if back is not None:
            form_id = back[-20:]
            form: KeptForm | WhyNotKept = await self._waiting(self._secret(request, form_id))
        else:
            form_id, secret = os.urandom(10).hex(), new_ticket()
            form = await self.keeper.keep(exchange, form_id, secret)
            cookies = (self._cookie(form_id).set(secret, max_age=KEPT_SECONDS),)
        if isinstance(form, str):
            limit = self.keeper.limit if form == "too-large" else None
            return self.screens.form_not_kept(
                request, reason=form, limit=limit, acr_values=acr_values, request_id=exchange.id
            )
        return self.screens.form_waits(
            request.language,
            what=_what(form, request.language),
            name=_person(form.holder),
            organisation=_organisation(form.holder),
            note=KeptNote(_resume(form_id), form.until),
            acr_values=acr_values,
            request_id=exchange.id,
            set_cookies=cookies,
            in_frames=may_be_framed(request),
        )

    async def hold(self, exchange: Exchange) -> KeptNote | None:
        """Keep a form of this site that the register cannot take for a while; None where it is not kept."""
        if not is_same_origin(exchange.admitted, if_unknown=False):
            return None
        form_id, secret = os.urandom(10).hex(), new_ticket()
        form = await self.keeper.keep(exchange, form_id, secret)
        if isinstance(form, str):
            return None
        exchange.set_cookies.append(self._cookie(form_id).set(secret, max_age=KEPT_SECONDS))
        return KeptNote(_resume(form_id), form.until)

    def back(self, request: CanonicalRequest) -> str | None:
        """The confirmation page to return to after a login, if the request is about a kept form."""
        form_id = ""
        if request.path == PATH:
            found = query_values(request.raw_query or b"", "form")
            form_id = found[0] if len(found) == 1 else ""
        elif self.is_confirmation(request):
            form_id = marked_id(request)
        return _resume(form_id) if _ID.fullmatch(form_id) else None

    # When its sender is back

    async def page(self, request: Request) -> Response:
        """Ask whether the form is to be sent after all.

        Raises LoginRequired, FormGone, FormSent, FormOfAnother, FormForAnotherOrganisation.
        """
        exchange = exchange_of(request)
        session = await self._session(exchange)
        form_id = query_value(request, "form")
        secret = self._secret(exchange.admitted, form_id)
        form = await self._own(secret, session)
        mark = "&" if "?" in form.target else "?"
        language = exchange.admitted.language
        return self.screens.confirm_resubmit(
            language,
            what=_what(form, language),
            action=f"{form.target}{mark}{MARK}={form_id}",
            fields={FIELD: _token(secret, session)},
            name=_person(form.holder),
            organisation=_organisation(form.holder),
            until=form.until,
            request_id=exchange.id,
        )

    def is_confirmation(self, request: CanonicalRequest) -> bool:
        """Whether this request looks like the one that confirms that a kept form is to be sent."""
        return request.method == "POST" and is_marked(request)

    async def take(self, exchange: Exchange) -> tuple[Scope, Receive] | None:
        """The request that was kept, as an ASGI scope with what the browser sends along now, and its body.

        None where a page posted something of its own to the address of a form that was sent: that goes on as it is.
        A form can be taken only once. Raises as `page` does, and BadRequest.
        """
        request = exchange.admitted
        body = await read_body(request_of(exchange), _MOST_CONFIRMATION)
        given = parse_qs(body.decode("latin-1")).get(FIELD, [])
        if len(given) != 1:
            exchange.receive = replayed(body, exchange.receive)
            return None
        if not is_same_origin(request, if_unknown=False):
            raise BadRequest("another site asked to send a kept form", code="cross-site")
        session = await self._session(exchange)
        form_id = marked_id(request)
        secret = self._secret(request, form_id)
        form = await self._own(secret, session)
        if not hmac.compare_digest(given[0].encode(), _token(secret, session).encode()):
            raise BadRequest("the token does not belong to this form and person", code="form-token")
        if not await self.store.claim(secret, exchange.id):
            raise FormSent("sent at this moment")
        exchange.kept_form = form_id
        return kept_scope(exchange.scope, form), body_receive(self.store.body(secret, form), exchange.receive)

    async def check_sender(self, exchange: Exchange) -> None:
        """Raise as `page` does where the session ended or changed after the form was taken: the provider may have been
        asked about it meanwhile.
        """
        if exchange.kept_form is None:
            return
        form = await self.store.find(self._secret(exchange.admitted, exchange.kept_form))
        if form is None:
            raise FormGone("no such form waits")
        if exchange.caller.session is None:
            raise LoginRequired("a form waits for a session")
        _check_person(form, exchange.caller.session)

    async def settle(self, exchange: Exchange) -> None:
        """The form that this exchange took has been sent: forget its body. What did not reach the register waits again."""
        form_id, exchange.kept_form = exchange.kept_form, None
        if form_id is None:
            return
        secret = self._secret(exchange.admitted, form_id)
        if exchange.forwarded == "no":
            try:
                await self.store.give_back(secret, exchange.id)
                exchange.returned_form = form_id
            except StoreUnavailable as trouble:
                log.warning(
                    "a form that was not sent waits again once the store answers", reason=trouble.detail
                )
            return
        try:
            form = await self.store.find(secret)
            if form is not None:
                await self.store.remove_body(secret, form)
        except StoreUnavailable as trouble:
            log.warning("a form that was sent could not be removed", reason=trouble.detail)
        self.room.leave(form_id)

    async def note(self, exchange: Exchange, error: GatewayError) -> KeptNote | None:
        """What an error page says of a form of this browser that still waits, where the request was about one."""
        request = exchange.request
        if request is None or isinstance(error, FormGone | FormOfAnother | StoreUnavailable):
            return None
        form_id = self._about(exchange, request, error)
        if form_id is None:
            return None
        try:
            form = await self._waiting(self._secret(request, form_id))
        except (FormGone, StoreUnavailable):
            return None
        url, holder = _resume(form_id), form.holder
        if not isinstance(error, FormForAnotherOrganisation):
            return KeptNote(url, form.until)
        switch = switch_url(url, organisation=holder.organisation, doelgroep=holder.doelgroep)
        return KeptNote(url, form.until, _organisation(holder), switch)

    def _about(self, exchange: Exchange, request: CanonicalRequest, error: GatewayError) -> str | None:
        """The id of the form that a refused request was about."""
        if exchange.returned_form is not None:
            return exchange.returned_form
        asked = query_values(request.raw_query or b"", "rd")
        for each in (self.back(request), error.facts.get("target"), *asked):
            if isinstance(each, str) and is_kept_form(each):
                return each[-20:]
        return None

    async def _own(self, secret: str, session: Session) -> KeptForm:
        form = await self._waiting(secret)
        _check_person(form, session)
        return form

    async def _waiting(self, secret: str) -> KeptForm:
        form = await self.store.find(secret)
        if form is None:
            raise FormGone("no such form waits")
        if await self.store.sent_at(secret) is not None:
            raise FormSent("sent already")
        return form

    async def _session(self, exchange: Exchange) -> Session:
        ticket = self.sessions.ticket(exchange.admitted.cookies)
        found = await self.sessions.peek(ticket) if ticket is not None else None
        if found is None:
            raise LoginRequired("a form waits for a session")
        exchange.caller = Caller(found.session)
        return found.session

    def _secret(self, request: CanonicalRequest, form_id: str | None) -> str:
        secret = (
            request.cookies.get(self._cookie(form_id).name, "") if form_id and _ID.fullmatch(form_id) else ""
        )
        if not is_ticket(secret):
            raise FormGone("no form of this browser")
        return secret

    def _cookie(self, form_id: str) -> Cookie:
        return Cookie(f"{self.sessions.cookie_prefix}form-{form_id}", self.secure)


def _check_person(form: KeptForm, session: Session) -> None:
    reader = Holder.of(session.identity)
    if form.holder.person != reader.person:
        raise FormOfAnother("the form of another person")
    if form.holder.acts_for != reader.acts_for:
        raise FormForAnotherOrganisation("a form that was filled in for another organisation")


def _resume(form_id: str) -> str:
    return f"{PATH}?form={form_id}"


def _what(form: KeptForm, language: Language) -> str:
    return form.label.get(language) or next((text for text in form.label.values() if text), form.address)


def _organisation(holder: Holder) -> str | None:
    if holder.organisation is None:
        return None
    return organisation_name(holder.organisation, Organisation(holder.organisation, holder.organisation_name))


def _person(holder: Holder) -> str | None:
    return within_a_sentence(holder.name) if holder.name is not None else None


def _token(secret: str, session: Session) -> str:
    """What only the page of this form, shown to this person for this organisation, contains."""
    holder = Holder.of(session.identity)
    person = "\0".join(each or "" for each in (*holder.person, *holder.acts_for))
    return hmac.new(secret.encode("ascii"), person.encode(), "sha256").hexdigest()
