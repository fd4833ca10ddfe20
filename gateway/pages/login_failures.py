"""The texts that explain to people why a login failed, by reason code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.pages.catalogue import message

_UNKNOWN: Final = (
    message("The login did not come to an end."),
    message("Try it once more. If this keeps happening, call %(phone)s and mention the reference below."),
)

_COOKIE: Final = (
    message("Your browser did not send back the cookie that belongs to this login."),
    message("Allow cookies for this site, and start again."),
)
_LATE: Final = (
    message("The login took too long, or this page was opened a second time."),
    message("Start again from the home page and do not use the back button while you log in."),
)
_LOST: Final = (
    message(
        "Your browser sent the cookie of your session, but this service does not know that session (any more)."
    ),
    message(
        "Try it once more in a minute. If this keeps happening, call %(phone)s and mention the reference below."
    ),
)
_REFUSED: Final = (
    message("The login was broken off, or you did not choose an organisation."),
    message("Start again and finish all steps of the login."),
)
_CLOCK: Final = (
    message("The clocks of this service and of the login service differ."),
    message("You can do nothing about this. Call %(phone)s and mention the reference below."),
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
    message("You can do nothing about this. Call %(phone)s and mention the reference below."),
)

_BUSY: Final = (
    message("The login service of the Flemish government has a fault at the moment."),
    message("Try it once more in a few minutes."),
)
_ASKED: Final = (
    message("You are logged in, but a page of this service asked for a new login again and again."),
    message("Go to the home page. If this keeps happening, call %(phone)s and mention the reference below."),
)
_WEAK: Final = (
    message("You logged in with a means that is not strong enough for this page."),
    message("Start again and choose a stronger means, such as eID or itsme."),
)
_MUCH: Final = (
    message(
        "The login service sent more about you than this service can take, as for somebody with hundreds of rights."
    ),
    message("You can do nothing about this. Call %(phone)s and mention the reference below."),
)
_UNREADABLE: Final = (
    message("The answer of the login service could not be read."),
    message(
        "Start again from the home page. If this keeps happening, call %(phone)s and mention the reference below."
    ),
)

# By the reason code of a LoginFailed, which log and metric carry too.
LOGIN_FAILURES: Final[Mapping[str, tuple[str, str]]] = {
    "flow-unknown": _COOKIE,
    "cookie-missing": _COOKIE,
    "asked-again": _ASKED,
    "session-lost": _LOST,
    "state-missing": _LATE,
    "flow-expired": _LATE,
    "flow-used": _LATE,
    "code-refused": _LATE,
    "access-denied": _REFUSED,
    "clock-skew": _CLOCK,
    "id-token-expired": _CLOCK,
    "id-token-not-yet-valid": _CLOCK,
    "id-token-too-old": _CLOCK,
    "issuer-mismatch": _OTHER_ENVIRONMENT,
    "id-token-issuer": _OTHER_ENVIRONMENT,
    "host-mismatch": _HOST,
    "id-token-acr": _WEAK,
    "id-token-too-large": _MUCH,
    "provider-refused": _NO_ANSWER,
    "provider-busy": _BUSY,
    "interaction-required": _REFUSED,
    "client-refused": _NO_ANSWER,
    "userinfo-refused": _NO_ANSWER,
    "userinfo-subject": _UNREADABLE,
    "userinfo-malformed": _UNREADABLE,
    "callback-malformed": _UNREADABLE,
    "parameter-repeated": _UNREADABLE,
    "code-missing": _UNREADABLE,
    "token-answer-malformed": _UNREADABLE,
}


def login_failure_words(reason: str) -> tuple[str, str]:
    """(what happened, what helps) as message ids, for a reason code; general texts for an unknown one."""
    if reason not in LOGIN_FAILURES and reason.startswith("id-token-"):
        return _UNREADABLE
    return LOGIN_FAILURES.get(reason, _UNKNOWN)
