"""Logouts at the provider: those that begin here (OIDC RP-Initiated Logout 1.0, ACM page "afmelden"), and those that
the provider announces (OIDC Back-Channel and Front-Channel Logout 1.0).
"""

from __future__ import annotations

import json
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hmac import compare_digest
from urllib.parse import urlencode, urlsplit

from gateway.auth.provider import Provider
from gateway.auth.tokens import LogoutToken
from gateway.cookies import Cookie

_SECONDS = 600
_LONGEST = 3_000
# What servers take of an address, less room for the rest of it.
_LONGEST_HINT = 6_000
_VALUE = re.compile(r"[A-Za-z0-9_-]{1,4000}")


@dataclass(frozen=True, slots=True)
class PendingLogout:
    """A logout that is under way in one browser. `state` comes back from the provider; `onward` is the path to
    continue at, or "" for the page that confirms the logout."""

    state: str
    onward: str = ""


@dataclass(frozen=True, slots=True)
class LogoutNotice:
    """What a logout token ends: the provider's session `sid`, all sessions of `subject`, or those that match both.

    `id` is the token's own id (`jti`). Where it names no `sid`, it ends the sessions that began before `before`, in seconds since
    the epoch by our clock: somebody who logged in again meanwhile stays logged in.
    """

    id: str
    sid: str | None
    subject: str | None
    before: float | None = None


class Logout:
    """Logouts of one environment at one provider."""

    def __init__(self, provider: Provider, *, public_url: str) -> None:
        self._provider = provider
        self._return = f"{public_url}/oauth2/logout/callback"
        issuer = urlsplit(provider.settings.issuer)
        self.provider_origin = f"{issuer.scheme}://{issuer.netloc}"

    async def location(self, state: str, *, switch: bool = False, id_token: str | None = None) -> str | None:
        """The URL of the provider's logout, or with `switch` of its choice of identity; None if it has neither.

        The configuration says whether client_id, `id_token` or both identify the session. Raises ProviderUnavailable.
        """
        metadata = await self._provider.metadata()
        if metadata.end_session_endpoint is None:
            return None
        settings = self._provider.settings
        hint = id_token if settings.logout.hint != "client_id" and not switch else None
        if hint is not None and len(hint) > _LONGEST_HINT:
            hint = None
        by_client = hint is None or settings.logout.hint == "both"
        query = {
            **({"switch": "true"} if switch else {}),
            **({"client_id": settings.client_id} if by_client else {}),
            **({"id_token_hint": hint} if hint is not None else {}),
            "post_logout_redirect_uri": self._return,
            "state": state,
        }
        mark = "&" if "?" in metadata.end_session_endpoint else "?"
        return f"{metadata.end_session_endpoint}{mark}{urlencode(query)}"

    async def read_notice(self, token: str) -> LogoutNotice:
        """Verify a logout token (Back-Channel Logout 1.0, section 2.6). Raises TokenRefused, ProviderUnavailable."""
        settings = self._provider.settings
        expected = LogoutToken(
            issuer=settings.issuer,
            audience=settings.client_id,
            algorithms=settings.algorithms,
            leeway=settings.leeway,
        )
        claims = await self._provider.verified(token, expected)
        if "sid" in claims:
            return LogoutNotice(claims["jti"], claims["sid"], claims.get("sub"))
        # By the provider's clock, in whole seconds: a session of that same second is older.
        ahead = self._provider.clock_difference or 0.0
        before = float(claims["iat"]) - max(-settings.leeway, min(settings.leeway, ahead)) + 1.0
        return LogoutNotice(claims["jti"], None, claims["sub"], before)

    def is_issuer(self, issuer: str) -> bool:
        """Whether this is the provider's issuer, letter for letter."""
        return issuer == self._provider.settings.issuer


class LogoutCookie:
    """Binds a logout at the provider to the browser that began it."""

    def __init__(self, *, environment: str, secure: bool) -> None:
        self._cookie = Cookie.of(environment, "logout", secure=secure)

    def begin(self, onward: str) -> tuple[PendingLogout, str]:
        """A logout with a fresh state, and the Set-Cookie value for it. An overlong `onward` is dropped."""
        pending = PendingLogout(secrets.token_urlsafe(32), onward if len(onward) <= _LONGEST else "")
        value = urlsafe_b64encode(json.dumps(asdict(pending)).encode()).rstrip(b"=").decode()
        return pending, self._cookie.set(value, max_age=_SECONDS)

    def finish(self, state: str | None, cookies: Mapping[str, str]) -> PendingLogout | None:
        """The logout that comes back with this state; None if this browser did not begin it."""
        value = cookies.get(self._cookie.name, "")
        if state is None or not _VALUE.fullmatch(value):
            return None
        try:
            content = json.loads(urlsafe_b64decode(value + "=" * (-len(value) % 4)))
            pending = PendingLogout(str(content["state"]), str(content["onward"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        same = compare_digest(pending.state.encode("utf-8", "replace"), state.encode("utf-8", "replace"))
        return pending if same else None

    def clear(self) -> str:
        """The Set-Cookie value that removes the cookie."""
        return self._cookie.clear()
