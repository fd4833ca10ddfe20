"""/oauth2/signals: transmitters push security events, which end sessions as a back-channel logout does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog
from starlette.requests import Request

from gateway.auth.security_events import OLDEST, Signal
from gateway.auth.tokens import TokenRefused
from gateway.auth.transmitters import Received, Transmitters
from gateway.client_limits import ClientLimits
from gateway.endpoints.requests import exchange_of, read_body
from gateway.errors import ClientLimited
from gateway.events import LoggedOut, OnEvent, SignalReceived
from gateway.responses import Response, json_response
from gateway.session.ending import end_all
from gateway.session.sessions import Sessions

log = structlog.get_logger()
PATH: Final = "/oauth2/signals"
_KIND = "signal"
_MOST_BYTES = 65_536
_CONTENT_TYPE = "application/secevent+jwt"
# The error codes of RFC 8935, section 2.4; anything else is invalid_request.
_ERRORS: Final = {
    "issuer": "invalid_issuer",
    "audience": "invalid_audience",
    "authentication": "authentication_failed",
    "key-unknown": "invalid_key",
    "algorithm": "invalid_key",
}


@dataclass(frozen=True, slots=True)
class SignalsEndpoint:
    """Receives security event tokens (RFC 8935, section 2)."""

    transmitters: Transmitters
    sessions: Sessions
    limits: ClientLimits
    on_event: OnEvent

    async def push(self, request: Request) -> Response:
        """End what the events of a token end, in every process. Answers 202 without content, or 400 with `err`.

        A token that came before is acknowledged and changes nothing: transmitters send again what they don't know to
        have arrived. Raises ClientLimited, ContentTooLarge, ProviderUnavailable, StoreUnavailable.
        """
        wait = self.limits.take(exchange_of(request).admitted.client)
        if wait:
            raise ClientLimited("signals", wait)
        try:
            received = await self.transmitters.read(
                await _token(request), request.headers.get("authorization")
            )
        except TokenRefused as refusal:
            return self._refused(request, refusal)
        # The length keeps one issuer and id from being read as another pair.
        once = f"{len(received.transmitter)}:{received.transmitter}{received.id}"
        if await self.sessions.one_time.claimed_by(_KIND, once) is not None:
            self._count(received, "repeated")
            return _accepted()
        for signal in received.signals:
            self._note(received, signal, await self._act(received, signal))
        # Afterwards: what a failure cut short must count when the transmitter sends it again.
        await self.sessions.one_time.claim(_KIND, once, seconds=OLDEST + 3_600.0)
        return _accepted()

    async def _act(self, received: Received, signal: Signal) -> tuple[str, int]:
        """(what became of the event, how many sessions it ended)."""
        if not signal.ends:
            return "noted", 0
        target = signal.target
        if target is None:
            return "unmatched", 0
        # By the transmitter's clock, in whole seconds: a session of that same second is older.
        before = signal.happened - received.ahead + 1.0
        ended = await end_all(
            self.sessions,
            lambda each: target.sid is not None or each.created_at < before,
            subject=target.subject,
            sid=target.sid,
        )
        if not ended:
            return "nobody", 0
        self.on_event(LoggedOut(signal.event))
        return "ended", len(ended)

    def _note(self, received: Received, signal: Signal, came: tuple[str, int]) -> None:
        result, ended = came
        log.info(
            "a security event was received",
            transmitter=received.transmitter,
            signal=signal.event,
            result=result,
            sessions=ended,
            detail=signal.detail,
        )
        self.on_event(SignalReceived(signal.event, result))

    def _count(self, received: Received, result: str) -> None:
        for signal in received.signals:
            self.on_event(SignalReceived(signal.event, result))

    def _refused(self, request: Request, refusal: TokenRefused) -> Response:
        log.info(
            "a security event token was refused",
            reason=refusal.reason,
            detail=refusal.detail,
            request_id=exchange_of(request).id,
        )
        self.on_event(SignalReceived("unknown", "refused"))
        content = {"err": _ERRORS.get(refusal.reason, "invalid_request"), "description": refusal.reason}
        answer = json_response(content, status=400)
        answer.raw_headers.append((b"content-language", b"en"))
        return answer


def _accepted() -> Response:
    answer = Response(status=202)
    answer.raw_headers[:] = [each for each in answer.raw_headers if each[0] != b"content-type"]
    return answer


async def _token(request: Request) -> str:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _CONTENT_TYPE:
        raise TokenRefused("content-type", f"not {_CONTENT_TYPE}")
    try:
        return (await read_body(request, _MOST_BYTES)).strip().decode("ascii")
    except UnicodeDecodeError as problem:
        raise TokenRefused("malformed", "not ASCII") from problem
