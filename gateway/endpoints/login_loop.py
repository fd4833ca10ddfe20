"""Stops login loops: counts how often a browser went through the login in the last minute, and says why it did not stay logged in.

The count is kept in the browser and is not secret: somebody who changes it only stops their own logins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.cookies import Cookie
from gateway.endpoints.fragment import PATH as FRAGMENT_PATH
from gateway.model import CanonicalRequest

MOST_LOGINS = 3
# A script and a press of a button look the same in a browser that doesn't say which it was: nobody presses that often.
MOST_PRESSES = 10
_WINDOW = 60.0
_WRITTEN = re.compile(r"([1-9][0-9]?)\.([0-9]{1,12})\.([a-z-]{1,64})")
SUCCEEDED = "ok"


@dataclass(frozen=True, slots=True)
class RecentLogins:
    """`count` logins that followed one another closely; `result` is "ok" or why the latest one failed."""

    count: int
    result: str

    def with_one(self, result: str, *, before: int) -> RecentLogins:
        """These logins and one that ends now. `before` counts those that had ended when it began: the others ran beside it,
        in other tabs, and did not lead to it.
        """
        return RecentLogins(min(max(self.count, min(before, self.count) + 1), 99), result)

    @property
    def too_many(self) -> bool:
        """Whether the next login would be one too many."""
        return self.count >= MOST_LOGINS

    def allow_press(self, request: CanonicalRequest, target: str) -> bool:
        """Whether this is a person who presses a button to begin a login that comes back to `target`.

        Chromium and Firefox say so (Sec-Fetch-User), but WebKit doesn't. There a press comes from a page of this site that has such
        a button: the page that was refused, at the address to come back to, or one of the gateway's own.
        """
        if request.header(b"sec-fetch-user") is not None:
            return request.header(b"sec-fetch-user") == b"?1"
        return self.count < MOST_PRESSES and _may_be_press(request, target)

    @property
    def failed(self) -> bool:
        """Whether the latest login failed."""
        return self.result not in (SUCCEEDED, "")

    def cause(self, *, has_ticket: bool) -> str:
        """Why the browser is in a loop, as a code; `has_ticket`: it sent the ticket of a session along."""
        if self.failed:
            return self.result
        return "session-lost" if has_ticket else "cookie-missing"


NONE = RecentLogins(0, "")


def _may_be_press(request: CanonicalRequest, target: str) -> bool:
    agent = request.header(b"user-agent") or b""
    if request.header(b"sec-ch-ua") is not None or b" Chrome/" in agent or b" Firefox/" in agent:
        return False
    if (
        request.header(b"sec-fetch-site") not in (b"same-origin", None)
        or request.header(b"sec-fetch-dest") not in (b"document", None)
        or request.header(b"upgrade-insecure-requests") != b"1"
    ):
        return False
    origin = f"{request.scheme}://{request.host}"
    page = (request.header(b"referer") or b"").decode("ascii", "replace")
    path = page.removeprefix(origin)
    if path == page:
        return False
    own = path.startswith("/oauth2/") and path.partition("?")[0] != FRAGMENT_PATH
    return own or path == target.partition("#")[0]


class LoopCookie:
    """The count of one browser in one environment, in a cookie that lasts a minute."""

    def __init__(self, *, environment: str, secure: bool) -> None:
        self._cookie = Cookie.of(environment, "rounds", secure=secure)

    def read(self, cookies: Mapping[str, str], now: float) -> RecentLogins:
        """The recent logins of this browser; NONE where the latest was a while ago."""
        found = _WRITTEN.fullmatch(cookies.get(self._cookie.name, ""))
        if found is None or not 0 <= now - float(found[2]) <= _WINDOW:
            return NONE
        return RecentLogins(int(found[1]), found[3])

    def after(self, recent: RecentLogins, now: float) -> str:
        """The Set-Cookie value once the latest of these logins ended."""
        return self._cookie.set(f"{recent.count}.{int(now)}.{recent.result}", max_age=int(_WINDOW))

    def clear_cookie(self) -> str:
        """The Set-Cookie value that forgets them."""
        return self._cookie.clear()
