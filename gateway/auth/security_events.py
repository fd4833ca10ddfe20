"""Security event tokens (RFC 8417, as the Shared Signals Framework 1.0 profiles them): their checks, and what they end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.auth.tokens import Expected, TokenRefused, excerpt, time_of

OLDEST: Final = 604_800.0
"""Seconds after which a token is refused; as long is it remembered that it was used."""

SESSION_REVOKED: Final = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
CREDENTIAL_CHANGE: Final = "https://schemas.openid.net/secevent/caep/event-type/credential-change"
VERIFICATION: Final = "https://schemas.openid.net/secevent/ssf/event-type/verification"
STREAM_UPDATED: Final = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated"
NAMES: Final[Mapping[str, str]] = {
    SESSION_REVOKED: "session-revoked",
    CREDENTIAL_CHANGE: "credential-change",
    VERIFICATION: "verification",
    STREAM_UPDATED: "stream-updated",
}
_CHANGES: Final = frozenset(("create", "revoke", "update", "delete"))
_MOST_EVENTS: Final = 8
_MOST_ALIASES: Final = 16
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEvent(Expected):
    """A token with security events. It has no end, no `sub`, and a type of its own (SSF 1.0, "Security Event Token Profile")."""

    @property
    def types(self) -> frozenset[str]:
        return frozenset(("secevent+jwt",))

    @property
    def timed(self) -> bool:
        return False

    def check(self, claims: Mapping[str, Any], algorithm: str, now: float) -> None:
        for name in ("exp", "sub"):
            if name in claims:
                raise TokenRefused("claim-forbidden", f"a security event token has no {name}")
        issued = time_of(claims.get("iat"))
        if issued is None:
            raise TokenRefused("time-malformed", "iat is missing, or no time")
        if now - issued > OLDEST:
            words = f"issued {now - issued:.0f} s ago, at most {OLDEST:.0f} s"
            raise TokenRefused("too-old", words, difference=issued - now)
        if not _is_name(claims.get("jti")):
            raise TokenRefused("claim-missing", "no jti")
        if not isinstance(claims.get("sub_id"), dict):
            raise TokenRefused("subject", "no sub_id")
        events = claims.get("events")
        if not isinstance(events, dict) or not 0 < len(events) <= _MOST_EVENTS:
            raise TokenRefused("event", f"events has not 1 to {_MOST_EVENTS} events")
        for kind, event in events.items():
            _check_event(kind, event)


@dataclass(frozen=True, slots=True)
class SessionSelector:
    """Whose sessions: those of the provider's session `sid`, of `subject`, or those that match both."""

    sid: str | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """One event of a token: its type by its short name, `other` for one that means nothing here, and when it happened.

    `ends`: whether it ends sessions. `target` is None where it names nobody in a way that can be matched exactly.
    `happened` is in seconds since the epoch by the transmitter's clock. `detail` is for the log, about no person.
    """

    event: str
    ends: bool
    target: SessionSelector | None
    happened: float
    detail: str = ""


def signals_in(
    claims: Mapping[str, Any], provider: str, changes: tuple[str, ...], critical: tuple[str, ...] = ()
) -> Iterator[Signal]:
    """The events of a token that was checked, where people are those of the issuer `provider`.

    `changes` are the changes of a credential that end sessions; `critical` are members of a complex subject without
    which an event must not be processed (SSF 1.0, "Receiver Subject Processing").
    """
    for kind, event in claims["events"].items():
        name = NAMES.get(kind, "other")
        ends = kind == SESSION_REVOKED or (kind == CREDENTIAL_CHANGE and event["change_type"] in changes)
        about = claims["sub_id"]
        # A simple opaque id names a session where a session was revoked, elsewhere a person (CAEP 1.0).
        target = _target(about, provider, kind == SESSION_REVOKED, critical) if ends else None
        times = (event.get("event_timestamp"), claims.get("toe"), claims["iat"])
        happened = next(time for each in times if (time := time_of(each)) is not None)
        yield Signal(name, ends, target, happened, _detail(kind, event))


def _check_event(kind: str, event: Any) -> None:
    if not isinstance(event, dict):
        raise TokenRefused("event", f"the event {excerpt(kind)} is no object")
    if "event_timestamp" in event and time_of(event["event_timestamp"]) is None:
        raise TokenRefused("time-malformed", "event_timestamp is no time in seconds")
    if kind == CREDENTIAL_CHANGE:
        if event.get("change_type") not in _CHANGES:
            raise TokenRefused("event", f"change_type {excerpt(event.get('change_type'))}")
        if not _is_name(event.get("credential_type")):
            raise TokenRefused("event", "no credential_type")


def _detail(kind: str, event: Mapping[str, Any]) -> str:
    if kind == CREDENTIAL_CHANGE:
        return f"{event['change_type']} of {excerpt(event['credential_type'])}"
    if kind == STREAM_UPDATED:
        return f"the stream is {excerpt(event.get('status'))}"
    return "" if kind in NAMES else excerpt(kind)


def _target(
    about: Mapping[str, Any], provider: str, session: bool, critical: tuple[str, ...]
) -> SessionSelector | None:
    """What a subject identifier (RFC 9493) names; None for nobody here, and for what cannot be matched exactly."""
    match about.get("format"):
        case "complex":
            return _complex(about, provider, critical)
        case "opaque" if session and _is_name(about.get("id")):
            return SessionSelector(sid=about["id"])
        case "aliases" if isinstance(about.get("identifiers"), list):
            several = [each for each in about["identifiers"][:_MOST_ALIASES] if isinstance(each, dict)]
            known = (
                _target(each, provider, session, critical)
                for each in several
                if each.get("format") != "aliases"
            )
            return next((each for each in known if each is not None), None)
    subject = _person(about, provider)
    return SessionSelector(subject=subject) if subject is not None else None


def _complex(about: Mapping[str, Any], provider: str, critical: tuple[str, ...]) -> SessionSelector | None:
    """A session, a person, or both (SSF 1.0, "Complex Subject Members"). Members that nothing here has widen what ends."""
    if any(name in about for name in critical if name not in ("session", "user")):
        return None
    session, user = about.get("session"), about.get("user")
    sid = session["id"] if isinstance(session, dict) and _names_session(session) else None
    subject = _person(user, provider) if isinstance(user, dict) else None
    if (sid is None and subject is None) or (user is not None and subject is None):
        return None
    return SessionSelector(sid, subject)


def _names_session(session: Mapping[str, Any]) -> bool:
    return session.get("format") == "opaque" and _is_name(session.get("id"))


def _person(about: Mapping[str, Any], provider: str) -> str | None:
    """The provider's id of a person. An address or number can be that of several, and sessions are not found by it."""
    match about.get("format"):
        case "iss_sub" if about.get("iss") == provider and _is_name(about.get("sub")):
            return str(about["sub"])
        case "opaque" if _is_name(about.get("id")):
            return str(about["id"])
    return None


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST
