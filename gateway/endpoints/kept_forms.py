"""A form that met an ended session: kept while somebody logs in, then sent once, when they confirm it.

What is sent then goes the way of any other request, and the rules decide about it.
"""

from __future__ import annotations

import hmac
import json
import os
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from urllib.parse import parse_qs

import structlog
from starlette.requests import Request

from gateway.cookies import Cookie
from gateway.edge.forms import form_type, is_form, is_same_origin
from gateway.endpoints.form_room import FormRoom
from gateway.endpoints.requests import exchange_of, query_value, read_body, request_of
from gateway.errors import BadRequest, FormGone, LoginRequired
from gateway.exchange import Caller, Exchange
from gateway.model import CanonicalRequest
from gateway.pages.screens import Screens
from gateway.responses import Message, Receive, Response, Scope
from gateway.session.sessions import Session, Sessions
from gateway.session.ticket import is_ticket, new_ticket
from gateway.upstream.client_stream import ClientGone

log = structlog.get_logger()
PATH = "/oauth2/resume"
# Seconds; the default limit for a login.
KEPT_SECONDS = 600
_MOST_CONFIRMATION = 4_096
_KIND = "form"
_PARAMETER = "tgp-form"
_CONFIRMED = re.compile(rb"(?:^|&)tgp-form=([0-9a-f]{20})$")
_ID = re.compile(r"[0-9a-f]{20}")
_REPLACED = frozenset((b"content-type", b"content-length", b"transfer-encoding", b"expect", b"referer"))


@dataclass(frozen=True, slots=True)
class KeptForms:
    """The forms that wait for a login. `limit` is the largest, in octets; `room` says whether there is a place."""

    sessions: Sessions
    screens: Screens
    limit: int
    secure: bool
    room: FormRoom

    async def keep(self, exchange: Exchange) -> tuple[str, str] | None:
        """(the page to come back to after the login, the Set-Cookie value for it), or None for what is not kept.

        Kept is a form of a page of this site that came with the ticket of a session. Raises StoreUnavailable.
        """
        request = exchange.admitted
        if not self._may_be_kept(request):
            return None
        form_id, secret = os.urandom(10).hex(), new_ticket()
        ticket = request.cookies[self.sessions.cookie_name]
        size = int(request.header(b"content-length") or b"0")
        if not self.room.take(form_id, client=request.client, ticket=ticket, size=size):
            log.info("no room for a form", request_id=request.id)
            return None
        try:
            await self._store(exchange, secret)
        except BaseException as trouble:
            self.room.leave(form_id)
            if isinstance(trouble, ClientGone):
                return None
            raise
        return (
            f"{PATH}?form={form_id}",
            self._cookie(form_id).set(secret, max_age=KEPT_SECONDS),
        )

    async def _store(self, exchange: Exchange, secret: str) -> None:
        request = exchange.admitted
        body = await read_body(request_of(exchange), self.limit)
        content = json.dumps(
            {
                "target": request.target.decode("latin-1"),
                "kind": (form_type(request) or b"").decode("latin-1"),
                "referer": (request.header(b"referer") or b"").decode("latin-1"),
                "body": b64encode(body).decode("ascii"),
            }
        )
        await self.sessions.one_time.put(_KIND, secret, content.encode("ascii"), seconds=KEPT_SECONDS)

    async def page(self, request: Request) -> Response:
        """Ask whether the form is to be sent after all. Raises LoginRequired, FormGone."""
        exchange = exchange_of(request)
        session = await self._session(exchange)
        form_id = query_value(request, "form")
        secret = self._secret(exchange.admitted, form_id)
        kept = await self.sessions.one_time.get(_KIND, secret)
        if kept is None:
            raise FormGone("no such form waits")
        target = str(json.loads(kept)["target"])
        mark = "&" if "?" in target else "?"
        return self.screens.confirm_resubmit(
            exchange.admitted.language,
            path=target.partition("?")[0],
            action=f"{target}{mark}{_PARAMETER}={form_id}",
            fields={"token": _token(secret, session)},
            identity=session.identity,
            request_id=exchange.id,
        )

    def is_confirmation(self, request: CanonicalRequest) -> bool:
        """Whether this request confirms that a kept form is to be sent, and the browser has its cookie."""
        if request.method != "POST" or request.raw_query is None:
            return False
        found = _CONFIRMED.search(request.raw_query)
        return found is not None and self._cookie(found[1].decode("ascii")).name in request.cookies

    def back(self, request: CanonicalRequest) -> str | None:
        """The confirmation page to return to after a login, if the request is about a kept form."""
        if request.path == PATH:
            found = parse_qs((request.raw_query or b"").decode("latin-1")).get("form", [""])
            form_id = found[0] if len(found) == 1 else ""
        elif self.is_confirmation(request):
            form_id = _confirmed_id(request)
        else:
            return None
        return f"{PATH}?form={form_id}" if _ID.fullmatch(form_id) else None

    async def take(self, exchange: Exchange) -> tuple[Scope, Receive]:
        """The request that was kept, as an ASGI scope with what the browser sends along now, and its body.

        A form can be taken only once. Raises BadRequest, LoginRequired, FormGone.
        """
        request = exchange.admitted
        if not is_same_origin(request, if_unknown=False):
            raise BadRequest("another site asked to send a kept form", code="cross-site")
        session = await self._session(exchange)
        form_id = _confirmed_id(request)
        secret = self._secret(request, form_id)
        fields = parse_qs((await read_body(request_of(exchange), _MOST_CONFIRMATION)).decode("latin-1"))
        token = fields.get("token", [""])[0]
        if not hmac.compare_digest(token.encode(), _token(secret, session).encode()):
            raise BadRequest("the token does not belong to this form and person", code="form-token")
        kept = await self.sessions.one_time.take(_KIND, secret)
        if kept is None:
            raise FormGone("no such form waits")
        self.room.leave(form_id)
        exchange.set_cookies.append(self._cookie(form_id).clear())
        content = json.loads(kept)
        body = b64decode(content["body"])
        return _scope(exchange.scope, content, len(body)), _receive(body, exchange.receive)

    def _may_be_kept(self, request: CanonicalRequest) -> bool:
        length = request.header(b"content-length") or b""
        if not is_form(request) or not is_same_origin(request, if_unknown=False):
            return False
        if self.is_confirmation(request) or not length.isdigit() or not 0 < self.limit >= int(length):
            return False
        return self.sessions.issued(request.cookies.get(self.sessions.cookie_name, ""))

    async def _session(self, exchange: Exchange) -> Session:
        ticket = exchange.admitted.cookies.get(self.sessions.cookie_name)
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


def _confirmed_id(request: CanonicalRequest) -> str:
    return (request.raw_query or b"")[-20:].decode("ascii")


def _token(secret: str, session: Session) -> str:
    """What only the page of this form, shown to this person, contains."""
    person = f"{session.identity.issuer}\0{session.identity.subject}"
    return hmac.new(secret.encode("ascii"), person.encode(), "sha256").hexdigest()


def _scope(scope: Scope, content: dict[str, str], length: int) -> Scope:
    path, _, query = content["target"].partition("?")
    headers = [(name, value) for name, value in scope["headers"] if name.lower() not in _REPLACED]
    headers.append((b"content-type", content["kind"].encode("latin-1")))
    headers.append((b"content-length", str(length).encode("ascii")))
    if content["referer"]:
        headers.append((b"referer", content["referer"].encode("latin-1")))
    return {
        **scope,
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "raw_target": content["target"].encode("latin-1"),
        "headers": headers,
    }


def _receive(body: bytes, disconnect: Receive) -> Receive:
    """An ASGI receive that gives this body, and then what the client's connection says."""
    waiting = [body]

    async def receive() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await disconnect()

    return receive
