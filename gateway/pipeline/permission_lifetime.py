"""For how long a front may use a permission again without asking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf

from gateway.exchange import Exchange
from gateway.pipeline.permission_validity import PermissionValidity
from gateway.session.recheck import Recheck

# Using a permission again does not count as using the session.
_OF_IDLE_TIMEOUT = 8
_OF_ASSERTION = 4


@dataclass(frozen=True, slots=True)
class PermissionLifetime:
    """`most` is the longest time in seconds, 0.0 for never; `idle_timeout` is that of sessions, `ttl` that of assertions."""

    validity: PermissionValidity
    rechecks: Recheck
    most: float
    idle_timeout: float
    ttl: float
    proven_until: Callable[[Mapping[str, str]], float] = lambda _: inf
    """Until when a bound session is proven, by the cookies (seconds since the epoch)."""

    def seconds(self, exchange: Exchange) -> int:
        """Whole seconds, for a front that counts those of its own clock: it keeps a permission for up to one more.

        0 where the same request may get another answer sooner. The front must tell apart cookies, Authorization, method,
        host and target.
        """
        if not self.most:
            return 0
        now, session = exchange.now, exchange.caller.session
        ends = [now + self.most, self.validity.until(exchange)]
        if session is not None:
            ends += (
                session.expires_at,
                self.rechecks.due_at(session) or inf,
                now + self.idle_timeout / _OF_IDLE_TIMEOUT,
                now + self.ttl / _OF_ASSERTION,
            )
            if session.binding is not None:
                ends.append(self.proven_until(exchange.admitted.cookies))
        return max(0, int(min(ends) - now) - 1)
