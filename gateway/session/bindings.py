"""Bound sessions: a session that a browser bound to a key goes on only while it proves, every few minutes, that it has the
key (Device Bound Session Credentials).

The ticket stays what it is. Beside it the browser has a cookie that lives for minutes, which says until when the key was
proven: without it, or after that, the ticket opens nothing.
"""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.cookies import Cookie
from gateway.events import OnEvent, SessionProven
from gateway.session.codec import Binding, Session
from gateway.session.device_proof import DeviceProof, ProofRefused
from gateway.session.one_time import OneTimeStore
from gateway.session.settings import BoundSettings
from gateway.session.ticket import SessionCipher, binding_of, is_ticket

_SKIPPED: Final = frozenset(("unreachable", "server_error", "quota_exceeded"))
_ID_OCTETS: Final = 16
_CHALLENGE_OCTETS: Final = 32
_CHALLENGE_SECONDS: Final = 300
_COOKIE, _CHALLENGE, _USED, _INVITATION = "proof", "challenge", "challenge-used", "invitation"
# Requests on the way, and clocks of machines that differ a little.
_LATE_SECONDS: Final = 30.0
BEFORE_SECONDS: Final = 10.0
"""How long requests that were on the way when a session was bound go on with its earlier ticket."""


class Bindings:
    """What browsers prove about the keys of one environment's sessions.

    `clock` gives seconds since the epoch, `cipher` the cipher once the store is started.
    """

    def __init__(
        self,
        settings: BoundSettings,
        ticket_cookie: Cookie,
        environment: str,
        cipher: Callable[[], SessionCipher],
        one_time: OneTimeStore,
        clock: Callable[[], float],
        on_event: OnEvent,
    ) -> None:
        self.settings = settings
        self._ticket_cookie = ticket_cookie.name
        self._cookie = Cookie.of(environment, "bound", secure=ticket_cookie.secure)
        self._cipher = cipher
        self._one_time = one_time
        self._clock = clock
        self._on_event = on_event

    # What requests show

    def ticket(self, cookies: Mapping[str, str]) -> str | None:
        """The ticket that the browser may use: None for one of a bound session without a proof that still counts."""
        text = cookies.get(self._ticket_cookie)
        if text is None or not binding_of(text):
            return text
        return text if self.proven_until(cookies) > self._clock() else None

    def unproven(self, cookies: Mapping[str, str], skipped: bytes | None) -> str:
        """Why the ticket of a bound session has no proof that still counts, "" where nothing is wrong.

        `skipped` is the browser's own reason (Secure-Session-Skipped), if it gave one.
        """
        if self.ticket(cookies) is not None or not is_ticket(cookies.get(self._ticket_cookie, "")):
            return ""
        reason = (skipped or b"").partition(b";")[0].partition(b",")[0].strip().decode("latin-1")
        found = reason if reason in _SKIPPED else "expired"
        self._on_event(SessionProven("request", found))
        return found

    def proven_until(self, cookies: Mapping[str, str]) -> float:
        """Until when the key of the browser's ticket was proven (seconds since the epoch); 0.0 for never."""
        binding = binding_of(cookies.get(self._ticket_cookie, ""))
        end, _, mark = cookies.get(self._cookie.name, "").partition(".")
        if not binding or not mark or not (end.isascii() and end.isdecimal()):
            return 0.0
        try:
            octets = _octets(mark)
        except ValueError:
            return 0.0
        if not self._cipher().signed(_COOKIE, f"{binding}.{end}".encode("ascii"), octets):
            return 0.0
        until = int(end) + _LATE_SECONDS
        # Where the clock was set back, nobody knows how long ago the key was proven.
        return until if until - self._clock() <= self.settings.lifetime + 2 * _LATE_SECONDS else 0.0

    # What browsers are given

    def set_cookie(self, binding: str) -> str:
        """The Set-Cookie value that says that the key was proven at this moment."""
        lifetime = int(self.settings.lifetime)
        end = str(int(self._clock()) + lifetime)
        mark = self._cipher().sign(_COOKIE, f"{binding}.{end}".encode("ascii"))
        return self._cookie.set(f"{end}.{_text(mark)}", max_age=lifetime)

    def clear_cookie(self) -> str:
        """The Set-Cookie value that removes it."""
        return self._cookie.clear()

    def credential(self) -> dict[str, str]:
        """The cookie as session instructions describe it (DBSC, JSON session credentials)."""
        _, _, attributes = self._cookie.set("").partition("; ")
        return {"type": "cookie", "name": self._cookie.name, "attributes": attributes}

    def new_id(self) -> str:
        """An id for a binding: 128 random bits, 22 characters."""
        return _text(os.urandom(_ID_OCTETS))

    # What is proven

    async def invite(self, ticket: str) -> str:
        """A code by which the browser with this ticket may bind its session, once. Raises StoreUnavailable."""
        code = _text(os.urandom(_CHALLENGE_OCTETS))
        await self._one_time.put(_INVITATION, code, ticket.encode("ascii"), seconds=_CHALLENGE_SECONDS)
        return code

    async def invited(self, code: str) -> str | None:
        """The ticket that this code was made for; None for a code that was used, or is too old."""
        found = await self._one_time.take(_INVITATION, code)
        return found.decode("ascii") if found is not None else None

    def challenge(self, about: str) -> str:
        """A challenge about a binding or an invitation. Nothing is written down before it is used."""
        head = int(self._clock()).to_bytes(8, "big") + os.urandom(8)
        return _text(head + self._cipher().sign(_CHALLENGE, head + about.encode("ascii")))

    def check_challenge(self, text: str, about: str) -> None:
        """Raises ProofRefused for a challenge of another environment, about something else, or too old."""
        try:
            octets = _octets(text)
        except ValueError as problem:
            raise ProofRefused("challenge") from problem
        head, mark = octets[:16], octets[16:]
        if not self._cipher().signed(_CHALLENGE, head + about.encode("ascii"), mark):
            raise ProofRefused("challenge")
        if not -_LATE_SECONDS <= self._clock() - int.from_bytes(head[:8], "big") <= _CHALLENGE_SECONDS:
            raise ProofRefused("challenge-too-old")

    async def use_challenge(self, text: str) -> None:
        """Use up a challenge, for all processes. Raises ProofRefused where it was used, StoreUnavailable."""
        if not await self._one_time.claim(_USED, text, seconds=_CHALLENGE_SECONDS + 2 * _LATE_SECONDS):
            raise ProofRefused("challenge-used")

    async def check(self, proof: DeviceProof, binding: Binding) -> None:
        """Check a proof of the key of this binding, and use up its challenge. Raises ProofRefused, StoreUnavailable."""
        self.check_challenge(proof.challenge, binding.id)
        proof.check(binding.algorithm, binding.jwk)
        await self.use_challenge(proof.challenge)


def bound_since(ticket: str, session: Session, now: float) -> bool:
    """Whether this is a ticket from before the session was bound, which needed no proof, and its last moments are over."""
    binding = session.binding
    return binding is not None and not binding_of(ticket) and now >= binding.since + BEFORE_SECONDS


def instructions(
    binding: str, *, origin: str, refresh_url: str, credential: Mapping[str, str]
) -> dict[str, Any]:
    """What the browser does with a bound session (DBSC, JSON session instructions)."""
    return {
        "session_identifier": binding,
        "refresh_url": refresh_url,
        "scope": {"origin": origin, "include_site": False, "scope_specification": []},
        "credentials": [dict(credential)],
        "allowed_refresh_initiators": [],
    }


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _octets(text: str) -> bytes:
    """What this text of ours says. Raises ValueError for any other spelling of the same octets too."""
    if not text.isascii():
        raise ValueError("not base64url")
    octets = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _text(octets) != text:
        raise ValueError("not our spelling")
    return octets
