"""A session as bytes, with a version: a form that this gateway does not know is not a session."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.codec import Codec
from gateway.model import Identity, Tokens

_FORM: Final = 1


@dataclass(frozen=True, slots=True)
class Binding:
    """The key that a session is bound to: `id` names it to the browser, `since` is when (seconds since the epoch)."""

    id: str
    algorithm: str
    jwk: Mapping[str, str]
    since: float


@dataclass(frozen=True, slots=True)
class Session:
    """What is remembered of a login. Times are in seconds since the epoch.

    `id` is public and opens nothing. `checked_at` is when the provider last said what the person may do; until
    `lenient_until` the session continues although the provider could not be asked again. `device` is a coarse name
    of the browser and its system, for the person alone. `binding` is the key that the browser bound the session to.
    """

    id: str
    identity: Identity
    created_at: float
    expires_at: float
    tokens: Tokens | None = None
    checked_at: float = 0.0
    lenient_until: float = 0.0
    device: str | None = None
    binding: Binding | None = None

    @property
    def renewable(self) -> bool:
        """Whether the provider can be asked again without the browser: by a refresh token."""
        return self.tokens is not None and self.tokens.refresh_token is not None


_SESSIONS: Final = Codec(Session)


def encode_session(session: Session) -> bytes:
    """The session as JSON in ASCII."""
    found = _SESSIONS.dump(session)
    # Gateways of an earlier version, which don't know these fields, read sessions that need none of them: an upgrade,
    # and the way back, log nobody out.
    for place, name in ((found, "binding"), (found["identity"], "bound")):
        if not place[name]:
            del place[name]
    return json.dumps({"form": _FORM, **found}, separators=(",", ":")).encode("ascii")


def decode_session(content: bytes) -> Session | None:
    """The session, or None if the bytes are of another form."""
    try:
        found: dict[str, Any] = json.loads(content)
        if found.pop("form") != _FORM:
            return None
        return _SESSIONS.load({"checked_at": found["created_at"], **found})
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
