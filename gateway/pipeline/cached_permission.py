"""A permission as the cache keeps it, to be given again to the same request."""

from __future__ import annotations

from typing import NamedTuple

from gateway.exchange import Judgement
from gateway.handling import Handling
from gateway.model import CanonicalRequest
from gateway.policy.ruleset import RuleSet
from gateway.session.sessions import Session


class CachedPermission(NamedTuple):
    """What was allowed to whom, by which rules; it is valid up to `until` (seconds since the epoch)."""

    until: float
    request: CanonicalRequest
    session: Session | None
    rules: RuleSet
    judgement: Judgement
    handling: Handling
