"""When a browser should load a refused page again by itself: its session is bound to a key, or about to be."""

from __future__ import annotations

from typing import Final

from gateway.errors import Forbidden, GatewayError, SessionUnproven
from gateway.exchange import Exchange

# Browsers renew a proof for pages of this site only: the page itself is one, and looks at itself.
_ELSEWHERE: Final = frozenset((b"cross-site", b"same-site", b"none"))
_AT_ONCE: Final = 0
# A browser binds its session right after the login, beside the first page.
_BINDING_SECONDS: Final = 20.0
_SOON: Final = 2


def seconds_to_refresh(exchange: Exchange, error: GatewayError) -> int | None:
    """After how many seconds the browser should load the same page again (the header Refresh); None for never."""
    request = exchange.request
    if request is None or not request.navigation:
        return None
    if isinstance(error, SessionUnproven):
        return _AT_ONCE if request.header(b"sec-fetch-site") in _ELSEWHERE else None
    session = exchange.caller.session
    if session is None or session.binding is not None or not isinstance(error, Forbidden):
        return None
    unbound = any(
        each.kind == "binding" for alternative in error.decision.alternatives for each in alternative
    )
    return _SOON if unbound and exchange.now < session.created_at + _BINDING_SECONDS else None
