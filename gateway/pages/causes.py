"""Decides in which words people read why logging in did not succeed. It knows nothing of how a login works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.pages.catalogue import message

_UNKNOWN: Final = (
    message("The login did not come to an end."),
    message("Try it once more. If it stays, call us and mention the reference below."),
)

_COOKIE: Final = (
    message("Your browser did not send back the cookie that belongs to this login."),
    message("Allow cookies for this site, do not use two tabs at once, and start again."),
)
_LATE: Final = (
    message("The login took too long, or this page was opened a second time."),
    message("Start again from the home page and do not use the back button while you log in."),
)
_REFUSED: Final = (
    message("The login was broken off, or you did not choose an organisation."),
    message("Start again and finish all steps of the login."),
)
_CLOCK: Final = (
    message("The clocks of this service and of the login service differ."),
    message("You can do nothing about this. Call us and mention the reference below."),
)
_OTHER_ENVIRONMENT: Final = (
    message("The answer came from another login service than the one of this environment."),
    message("Check that you opened the right address, and start again from the home page."),
)
_HOST: Final = (
    message("You came back at another address than the one where you began."),
    message("Use the official address of this service, and start again there."),
)
_NO_ANSWER: Final = (
    message("The login service did not accept our request."),
    message("You can do nothing about this. Call us and mention the reference below."),
)

# By the reason code of a LoginFailed, which log and metric carry too.
CAUSES: Final[Mapping[str, tuple[str, str]]] = {
    "cookie-missing": _COOKIE,
    "flow-unknown": _COOKIE,
    "state-missing": _LATE,
    "state-mismatch": _LATE,
    "state-expired": _LATE,
    "flow-expired": _LATE,
    "code-used": _LATE,
    "access-denied": _REFUSED,
    "provider-refused": _REFUSED,
    "clock-skew": _CLOCK,
    "issuer-mismatch": _OTHER_ENVIRONMENT,
    "host-mismatch": _HOST,
    "token-refused": _NO_ANSWER,
    "provider-error": _NO_ANSWER,
}


def cause(reason: str) -> tuple[str, str]:
    """(what happened, what helps) as message ids, for a reason code; general words for an unknown one."""
    return CAUSES.get(reason, _UNKNOWN)
