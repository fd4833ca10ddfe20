"""A form that met an ended session: kept while somebody logs in, then sent once, when they say so.

It decides which forms are kept and who may have them sent. What comes of the form is decided by the rules, like for any
other request: it goes through the whole pipeline again.
"""

from __future__ import annotations

import hmac
import json
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from cachetools import TTLCache

from gateway.edge.forms import form_kind, from_this_site, is_form
from gateway.endpoints.answers import query_value, request_of, whole_body
from gateway.errors import BadRequest, FormGone, LoginRequired
from gateway.model import CanonicalRequest
from gateway.pages.render import Answer
from gateway.pages.screens import Screens
from gateway.session.sessions import Session, Sessions
from gateway.session.ticket import is_ticket, new_ticket
from gateway.trail import Endpoint, Receive, Scope, Send, Trail
from gateway.upstream.forward import ClientGone

PATH = "/oauth2/resume"
# As long as a login may take by default.
_SECONDS = 600
# Each process keeps no more than this many in that time: whoever has no session cannot fill the store.
_MOST = 200
_KIND = "form"
_PARAMETER = "tgp-form"
_MEANT = re.compile(rb"(?:^|&)tgp-form=([0-9a-f]{20})$")
_ID = re.compile(r"[0-9a-f]{20}")
_REPLACED = frozenset((b"content-type", b"content-length", b"transfer-encoding", b"expect", b"referer"))


def _recent() -> TTLCache[str, bool]:
    return TTLCache(_MOST, _SECONDS)


@dataclass(frozen=True, slots=True)
class Resume:
    """The forms that wait. `limit` is the largest, in octets; `again` is the gateway, from its first step."""

    sessions: Sessions
    screens: Screens
    limit: int
    secure: bool
    again: Callable[[Scope, Receive, Send], Awaitable[None]]
    recent: TTLCache[str, bool] = field(default_factory=_recent)

    async def keep(self, trail: Trail, receive: Receive) -> tuple[str, str] | None:
        """(the page to come back to after the login, the Set-Cookie value for it), or None for what is not kept.

        Kept is a form of a page of this site that brought the ticket of a session along. Raises StoreUnavailable.
        """
        request = request_of(trail)
        if not self._may_be_kept(request):
            return None
        try:
            body = await whole_body(receive, self.limit)
        except ClientGone:
            return None
        form_id, secret = os.urandom(10).hex(), new_ticket()
        content = json.dumps(
            {
                "target": request.target.decode("latin-1"),
                "kind": (form_kind(request) or b"").decode("latin-1"),
                "referer": _header(request, b"referer").decode("latin-1"),
                "body": b64encode(body).decode("ascii"),
            }
        )
        await self.sessions.one_time.put(_KIND, secret, content.encode("ascii"), seconds=_SECONDS)
        self.recent[form_id] = True
        return (
            f"{PATH}?form={form_id}",
            f"{self._cookie(form_id)}={secret}; Max-Age={_SECONDS}; {self._attributes}",
        )

    async def page(self, trail: Trail) -> Answer:
        """Ask whether the form is to be sent after all. Raises LoginRequired, FormGone."""
        request = request_of(trail)
        session = await self._session(trail)
        secret = self._secret(request, query_value(request, "form"))
        kept = await self.sessions.one_time.get(_KIND, secret)
        if kept is None:
            raise FormGone("no such form waits")
        target = str(json.loads(kept)["target"])
        mark = "&" if "?" in target else "?"
        return self.screens.confirm_resubmit(
            request.language,
            path=target.partition("?")[0],
            action=f"{target}{mark}{_PARAMETER}={query_value(request, 'form')}",
            fields={"token": _token(secret, session)},
            identity=session.identity,
            request_id=request.id,
        )

    def meant(self, request: CanonicalRequest) -> Endpoint | None:
        """What answers a request that has a form sent; None for all others, whatever their query is."""
        if request.method != "POST" or request.raw_query is None:
            return None
        found = _MEANT.search(request.raw_query)
        if found is None or self._cookie(found[1].decode("ascii")) not in request.cookies:
            return None
        return self._send

    def back(self, request: CanonicalRequest) -> str | None:
        """Where a login leads back to that was needed on the way to sending a form; None for all other requests."""
        if request.path == PATH:
            form_id = query_value(request, "form") or ""
        elif self.meant(request) is not None:
            form_id = (request.raw_query or b"")[-20:].decode("ascii")
        else:
            return None
        return f"{PATH}?form={form_id}" if _ID.fullmatch(form_id) else None

    async def _send(self, trail: Trail, receive: Receive, send: Send) -> None:
        request = request_of(trail)
        trail.endpoint = PATH
        if not from_this_site(request):
            raise BadRequest("a form that another site wants to have sent", code="cross-site")
        session = await self._session(trail)
        form_id = (request.raw_query or b"")[-20:].decode("ascii")
        secret = self._secret(request, form_id)
        given = parse_qs((await whole_body(receive, 4_096)).decode("latin-1")).get("token", [""])
        if not hmac.compare_digest(given[0].encode(), _token(secret, session).encode()):
            raise BadRequest("a form that this session did not confirm", code="form-token")
        kept = await self.sessions.one_time.take(_KIND, secret)
        if kept is None:
            raise FormGone("no such form waits")
        content = json.loads(kept)
        body: bytes | None = b64decode(content["body"])
        length = len(body or b"")
        cleared = f"{self._cookie(form_id)}=; Max-Age=0; {self._attributes}".encode("ascii")

        async def receive_form() -> Any:
            nonlocal body
            if body is None:
                return await receive()
            event, body = {"type": "http.request", "body": body, "more_body": False}, None
            return event

        async def send_on(event: dict[str, Any]) -> None:
            if event["type"] == "http.response.start":
                trail.exchange.status, trail.exchange.started = event["status"], True
                event = {**event, "headers": [*event["headers"], (b"set-cookie", cleared)]}
            await send(event)

        await self.again(_scope(trail.scope, content, length), receive_form, send_on)

    def _may_be_kept(self, request: CanonicalRequest) -> bool:
        length = _header(request, b"content-length")
        if not is_form(request) or not from_this_site(request) or self.meant(request) is not None:
            return False
        if not length.isdigit() or int(length) > self.limit or self.limit == 0:
            return False
        self.recent.expire()
        return is_ticket(request.cookies.get(self.sessions.cookie_name, "")) and len(self.recent) < _MOST

    async def _session(self, trail: Trail) -> Session:
        ticket = request_of(trail).cookies.get(self.sessions.cookie_name)
        found = await self.sessions.peek(ticket) if ticket is not None else None
        if found is None:
            raise LoginRequired("a form waits for a session")
        trail.session = found.session
        return found.session

    def _secret(self, request: CanonicalRequest, form_id: str | None) -> str:
        secret = request.cookies.get(self._cookie(form_id), "") if form_id and _ID.fullmatch(form_id) else ""
        if not is_ticket(secret):
            raise FormGone("no form of this browser")
        return secret

    def _cookie(self, form_id: str) -> str:
        return f"{self.sessions.cookie_prefix}form-{form_id}"

    @property
    def _attributes(self) -> str:
        return f"Path=/; HttpOnly; SameSite=Lax{'; Secure' if self.secure else ''}"


def _token(secret: str, session: Session) -> str:
    """What only the page of this form, shown to this person, contains."""
    person = f"{session.identity.issuer}\0{session.identity.subject}"
    return hmac.new(secret.encode("ascii"), person.encode(), "sha256").hexdigest()


def _scope(scope: Scope, content: dict[str, str], length: int) -> Scope:
    """The request as it was when it met the ended session, with what the browser sends along now."""
    path, _, query = content["target"].partition("?")
    headers = [(name, value) for name, value in scope["headers"] if name.lower() not in _REPLACED]
    headers.append((b"content-type", content["kind"].encode("latin-1")))
    headers.append((b"content-length", str(length).encode("ascii")))
    if content["referer"]:
        headers.append((b"referer", content["referer"].encode("latin-1")))
    raw = path.encode("latin-1")
    return {
        **scope,
        "path": path,
        "raw_path": raw,
        "query_string": query.encode("latin-1"),
        "raw_target": content["target"].encode("latin-1"),
        "headers": headers,
    }


def _header(request: CanonicalRequest, wanted: bytes) -> bytes:
    values = [value for name, value in request.headers if name == wanted]
    return values[0] if len(values) == 1 else b""
