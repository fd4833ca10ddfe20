"""Counts how often a browser went round by the login of late, and tells why it did not stay logged in.

It decides when enough is enough; it knows nothing of sessions. The count is the browser's own and holds no secret:
whoever changes it only stops their own logins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

MOST_ROUNDS = 3
_WINDOW = 60.0
_WRITTEN = re.compile(r"([1-9][0-9]?)\.([0-9]{1,12})\.([a-z-]{1,64})")
SUCCEEDED = "ok"


@dataclass(frozen=True, slots=True)
class Rounds:
    """`count` logins that ended one soon after the other; `result` is "ok" or why the latest one failed."""

    count: int
    result: str

    @property
    def too_many(self) -> bool:
        """Whether the next login would be one too many."""
        return self.count >= MOST_ROUNDS

    @property
    def failed(self) -> bool:
        """Whether the latest login failed."""
        return self.result not in (SUCCEEDED, "")

    def cause(self, *, has_ticket: bool) -> str:
        """Why the browser goes round, as a code; `has_ticket` is whether it came with a ticket of a session."""
        if self.failed:
            return self.result
        return "session-lost" if has_ticket else "cookie-missing"


NONE = Rounds(0, "")


class RoundCookie:
    """The count of one browser in one environment, kept in a cookie of a minute."""

    def __init__(self, *, environment: str, secure: bool) -> None:
        self._name = f"{'__Host-' if secure else ''}tgp-{environment}-rounds"
        self._attributes = f"Path=/; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"

    def read(self, cookies: Mapping[str, str], now: float) -> Rounds:
        """The rounds of this browser; none where the latest one was a while ago."""
        found = _WRITTEN.fullmatch(cookies.get(self._name, ""))
        if found is None or not 0 <= now - float(found[2]) <= _WINDOW:
            return NONE
        return Rounds(int(found[1]), found[3])

    def after(self, rounds: Rounds, result: str, now: float) -> str:
        """The Set-Cookie value after one more round."""
        count = min(rounds.count + 1, 99)
        return f"{self._name}={count}.{int(now)}.{result}; Max-Age={int(_WINDOW)}; {self._attributes}"

    def clear_cookie(self) -> str:
        """The Set-Cookie value that forgets the rounds."""
        return f"{self._name}=; Max-Age=0; {self._attributes}"
