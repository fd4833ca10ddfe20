"""/oauth2/logout/backchannel and /oauth2/logout/frontchannel: the provider says that a session there ended."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from starlette.requests import Request

from gateway.auth.logout import Logout
from gateway.auth.tokens import TokenRefused
from gateway.edge.forms import form_type
from gateway.endpoints.requests import exchange_of, query_value, read_form
from gateway.errors import BadRequest
from gateway.events import LoggedOut, OnEvent
from gateway.responses import Response, json_response
from gateway.session.ending import end_all
from gateway.session.sessions import Sessions

log = structlog.get_logger()
# A logout token is refused an hour after it was issued, whatever it says of its end.
_REMEMBERED_SECONDS = 7_200.0
_KIND = "logout-token"
_MOST_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class LogoutNotices:
    """The provider reports that sessions of its own have ended."""

    logout: Logout
    sessions: Sessions
    on_event: OnEvent

    async def backchannel(self, request: Request) -> Response:
        """End what a logout token names, in every process (Back-Channel Logout 1.0, sections 2.5 to 2.8).

        A token counts once. Answers 200, or 400 where the token proves nothing.
        """
        try:
            ended = await self.logout.read_notice(await _token(request))
        except TokenRefused as refusal:
            return self._refused(request, refusal.reason, refusal.detail)
        if await self.sessions.one_time.claimed_by(_KIND, ended.id) is not None:
            return self._refused(request, "token-used")
        await self._end("backchannel", sid=ended.sid, subject=ended.subject, before=ended.before)
        # Afterwards: what a failure cut short must count when the provider sends it again.
        await self.sessions.one_time.claim(_KIND, ended.id, seconds=_REMEMBERED_SECONDS)
        return json_response({})

    async def frontchannel(self, request: Request) -> Response:
        """End the session with this `sid`, as a frame in a page of the provider asks (Front-Channel Logout 1.0).

        Cookies do not come along into such a frame, so that `iss` and `sid` must both be there. Raises BadRequest.
        """
        issuer, sid = query_value(request, "iss"), query_value(request, "sid")
        if not issuer or not sid or not self.logout.is_issuer(issuer):
            raise BadRequest(
                "a front-channel logout without iss and sid of the provider", code="front-channel"
            )
        await self._end("frontchannel", sid=sid, subject=None, before=None)
        guard = f"default-src 'none'; frame-ancestors {self.logout.provider_origin}".encode("ascii")
        page = b"<!doctype html><title>-</title>"
        return Response(page, media_type="text/html", lines=((b"content-security-policy", guard),))

    async def _end(
        self, operation: str, *, sid: str | None, subject: str | None, before: float | None
    ) -> None:
        ended = await end_all(
            self.sessions,
            lambda each: before is None or each.created_at < before,
            subject=subject,
            sid=sid,
        )
        log.info("the provider ended sessions", channel=operation, sessions=len(ended))
        self.on_event(LoggedOut(operation))

    def _refused(self, request: Request, reason: str, detail: str = "") -> Response:
        log.info(
            "a logout token was refused", reason=reason, detail=detail, request_id=exchange_of(request).id
        )
        content = {"error": "invalid_request", "error_description": reason}
        return json_response(content, status=400)


async def _token(request: Request) -> str:
    if form_type(exchange_of(request).admitted) is None:
        raise TokenRefused("no-form")
    tokens = (await read_form(request, _MOST_BYTES)).getlist("logout_token")
    if len(tokens) != 1:
        raise TokenRefused("repeated" if tokens else "missing")
    return str(tokens[0])
