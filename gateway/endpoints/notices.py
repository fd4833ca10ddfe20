"""/oauth2/logout/backchannel and /oauth2/logout/frontchannel: the provider says that a session there ended.

They decide which sessions here end with it; what proves a logout is the auth area's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

import structlog

from gateway.auth.logout import Logout
from gateway.auth.tokens import TokenRefused
from gateway.edge.forms import form_kind
from gateway.endpoints.answers import as_json, query_value, request_of
from gateway.errors import BadRequest
from gateway.pages.render import Answer, answer
from gateway.session.sessions import Sessions
from gateway.trail import Trail

log = structlog.get_logger()
# A logout token is refused an hour after it was issued, whatever it says of its end.
_REMEMBERED_SECONDS = 7_200.0
_KIND = "logout-token"


@dataclass(frozen=True, slots=True)
class LogoutNotices:
    """What the provider tells about its sessions; `told` hears of each logout."""

    logout: Logout
    sessions: Sessions
    told: Callable[[str], None]

    async def backchannel(self, trail: Trail, body: bytes) -> Answer:
        """End what a logout token names, in every process (Back-Channel Logout 1.0, sections 2.5 to 2.8).

        A token counts once. Answers 200, or 400 where the token proves nothing.
        """
        request = request_of(trail)
        try:
            if form_kind(request) is None:
                raise TokenRefused("no-form")
            ended = await self.logout.read_notice(_token(body))
        except TokenRefused as refusal:
            return self._refused(trail, refusal.reason)
        if not await self.sessions.notes.once(_KIND, ended.id, seconds=_REMEMBERED_SECONDS):
            return self._refused(trail, "token-used")
        try:
            await self._end("backchannel", sid=ended.sid, subject=ended.subject)
        except BaseException:
            await self.sessions.notes.clear(_KIND, ended.id)
            raise
        return as_json({}, request=request)

    async def frontchannel(self, trail: Trail) -> Answer:
        """End the session with this `sid`, told in a frame of the provider's page (Front-Channel Logout 1.0).

        Cookies do not come along into such a frame, so that `iss` and `sid` must both be there. Raises BadRequest.
        """
        request = request_of(trail)
        issuer, sid = query_value(request, "iss"), query_value(request, "sid")
        if not issuer or not sid or not self.logout.is_issuer(issuer):
            raise BadRequest(
                "a front-channel logout without iss and sid of the provider", code="front-channel"
            )
        await self._end("frontchannel", sid=sid, subject=None)
        guard = f"default-src 'none'; frame-ancestors {self.logout.provider_origin}".encode("ascii")
        return answer(
            200,
            "text/html; charset=utf-8",
            b"<!doctype html><title>-</title>",
            headers=((b"content-security-policy", guard),),
            method=request.method,
        )

    async def _end(self, operation: str, *, sid: str | None, subject: str | None) -> None:
        ended = await self.sessions.revoke(await self.sessions.find(sid=sid, subject=subject))
        log.info("the provider ended sessions", channel=operation, sessions=len(ended))
        self.told(operation)

    def _refused(self, trail: Trail, reason: str) -> Answer:
        request = request_of(trail)
        log.warning("a logout token was refused", reason=reason, request_id=request.id)
        content = {"error": "invalid_request", "error_description": reason}
        return as_json(content, request=request, status=400)


def _token(body: bytes) -> str:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=20)
    except ValueError as problem:
        raise TokenRefused("malformed") from problem
    tokens = [value for name, value in pairs if name == "logout_token"]
    if len(tokens) != 1:
        raise TokenRefused("missing" if not tokens else "repeated")
    return tokens[0]
