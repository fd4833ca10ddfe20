"""The errors that end a request, each with its status, stable code and public texts.

    GatewayError
    ├── BadRequest 400 ............ the request has more than one meaning, or none
    ├── LoginRequired 401 ......... nobody is logged in
    │   ├── ReauthenticationRequired 401  the session must be confirmed by a login before it goes on
    │   └── SessionUnproven 401 ... the browser did not prove the key that the session is bound to
    ├── BearerRefused 401 ......... the bearer token is not valid here
    ├── Forbidden 403 ............. a decision denies; carries what is missing
    │   └── TooManyRequests 429 ... only a rate limit denies
    ├── Blocked 403 ............... an operator blocked this person or organisation
    ├── WebSocketRefused 403 ...... no WebSocket here, or not for a page of this origin
    ├── ClientLimited 429 ......... one network address does something too often
    ├── LoginFailed 400, NotFound 404, MethodNotAllowed 405, RequestTimeout 408, ContentTooLarge 413, AddressTooLong 414,
    │   HeadersTooLarge 431, Overloaded 503, VersionNotSupported 505
    ├── FormGone 410, FormSent 410  a kept form is too old, of another browser, or sent already
    ├── FormOfAnother, FormForAnotherOrganisation 403  a kept form of another person, or for another organisation
    ├── UpgradeRequired 426 ....... a WebSocket of another version than 13
    ├── ProviderUnavailable, StoreUnavailable, FactsUnavailable 503  no answer; UnderMaintenance 503  as planned
    ├── RecordsUnavailable 503 .... decision records cannot be written
    ├── UpstreamUnreachable, UpstreamBroken 502, UpstreamOut 503, UpstreamTimeout 504  no valid answer of the register
    └── InternalFault 500, PolicyFailed 500  the gateway or a policy module is at fault; the request is denied

`detail` is for the log only and never leaves the gateway. `facts` are public and go into problem+json.
`set_cookies` are Set-Cookie values for the response.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from math import ceil, inf
from typing import Any, ClassVar

from gateway.model import NOTHING, Decision
from gateway.plan import Advice, LoginAgain


class GatewayError(Exception):
    """Ends a request. `title` and `advice` are message ids (English) that the pages translate."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal-fault"
    title: ClassVar[str] = "Something went wrong on our side"
    advice: ClassVar[str] = (
        "Try again in a few minutes. If this keeps happening, call %(phone)s and mention the reference below."
    )

    def __init__(self, detail: str = "", **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts
        self.set_cookies: tuple[str, ...] = ()


class BadRequest(GatewayError):
    status = 400
    code = "bad-request"
    title = "This request is not clear"
    advice = "Check the address that you typed or followed, and start again from the home page."

    def __init__(self, detail: str = "", *, code: str | None = None, **facts: Any) -> None:
        super().__init__(detail, **facts)
        if code is not None:
            self.facts["reason"] = code


class LoginRequired(GatewayError):
    status = 401
    code = "login-required"
    title = "You are not logged in"
    advice = "Log in and try again."


class ReauthenticationRequired(LoginRequired):
    code = "reauthenticate"
    title = "Your login must be confirmed"
    advice = "Open or reload a page of this service: as a rule you do not have to log in again."


class SessionUnproven(LoginRequired):
    code = "session-unproven"
    title = "Your browser must confirm that it is still you"
    advice = "Open or reload a page of this service: as a rule you do not have to log in again."


class BearerRefused(GatewayError):
    status = 401
    code = "bearer-refused"
    title = "The access token is not accepted"
    advice = "Ask the provider for a new access token for this service."


class Forbidden(GatewayError):
    """`find` finds the way out, when it is first asked for: most answers to programs and open streams need none."""

    status = 403
    code = "forbidden"
    title = "You do not have access to this page"
    advice = "Below you read what is missing and who can help you."

    def __init__(self, decision: Decision, find: Callable[[], Advice] = Advice) -> None:
        super().__init__(decision.reason)
        self.decision = decision
        self._find = find

    @cached_property
    def way_out(self) -> Advice:
        """What helps: plans that are proven to lead to access."""
        return self._find()


class TooManyRequests(Forbidden):
    """`retry_after` is the number of whole seconds until the limit has room again."""

    status = 429
    code = "too-many-requests"
    title = "Too many requests in a short time"
    advice = "Wait a moment and try again."

    def __init__(self, decision: Decision, seconds: int, find: Callable[[], Advice] = Advice) -> None:
        super().__init__(decision, find)
        self.facts["retry_after"] = seconds


class ClientLimited(GatewayError):
    """This client does something too often. `seconds` says when there is room again, `reason` what is limited."""

    status = 429
    code = "client-limited"
    title = "Too many requests in a short time"
    advice = "Wait a moment and try again."

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason, reason=reason, retry_after=max(1, ceil(seconds)))


class Blocked(GatewayError):
    """An operator blocked this person or organisation. Carries the block's name, never its reason."""

    status = 403
    code = "blocked"
    title = "Your access to this service is blocked"
    advice = (
        "The administrators of this service blocked your access, or that of your organisation. "
        "Call %(phone)s and mention the reference below: they can tell you more."
    )


class WebSocketRefused(GatewayError):
    """The fact `reason`: origin, origin-missing, rule (it has no `websocket: true`), own-path, or server (it has no WebSockets)."""

    status = 403
    code = "websocket-refused"
    title = "This page cannot open a live connection"
    advice = "Reload the page. If this keeps happening, call %(phone)s and mention the reference below."


class NotFound(GatewayError):
    status = 404
    code = "not-found"
    title = "This page does not exist"
    advice = "Check the address that you typed or followed, and start again from the home page."


class MethodNotAllowed(GatewayError):
    status = 405
    code = "method-not-allowed"
    title = "This page cannot be used in this way"
    advice = "Start again from the home page."


class RequestTimeout(GatewayError):
    status = 408
    code = "request-timeout"
    title = "Sending took too long"
    advice = "Check your connection and try again."


class FormGone(GatewayError):
    status = 410
    code = "form-gone"
    title = "Your form is no longer kept"
    advice = (
        "Too much time went by, or you filled it in with another browser. "
        "Check whether it was saved, and otherwise fill in the form again."
    )


class FormSent(FormGone):
    code = "form-sent"
    title = "Your form has already been sent"
    advice = "It is sent only once. Check whether it was saved before you fill it in again."


class FormOfAnother(GatewayError):
    status = 403
    code = "form-of-another"
    title = "In this browser a form of somebody else is waiting"
    advice = (
        "Only the person who filled it in can send it, and you cannot see what it contains. "
        "Is it your form? Log out, and log in as yourself."
    )


class FormForAnotherOrganisation(GatewayError):
    status = 403
    code = "form-for-another-organisation"
    title = "You filled in this form for another organisation"
    advice = (
        "Your form has not been sent. You can only send it for the organisation for which you filled it in."
    )


class ContentTooLarge(GatewayError):
    status = 413
    code = "content-too-large"
    title = "What you sent is too large"
    advice = "Send a smaller file."


class AddressTooLong(NotFound):
    status = 414
    code = "address-too-long"
    title = "The address is too long"


class UpgradeRequired(GatewayError):
    status = 426
    code = "upgrade-required"
    title = "This version of live connections is not supported"
    advice = "Use a newer browser."


class VersionNotSupported(GatewayError):
    status = 505
    code = "http-version"
    title = "Your browser uses a version of HTTP that we do not support"
    advice = "Use a newer browser."


class HeadersTooLarge(GatewayError):
    status = 431
    code = "headers-too-large"
    title = "Your browser sends too much along"
    advice = "Remove the cookies of this site in your browser and try again."


class LoginFailed(GatewayError):
    """A login failed; `reason` is a stable code for page, log and metric. `again` is there where it is known which login
    of this gateway failed."""

    status = 400
    code = "login-failed"
    title = "Logging in did not succeed"
    advice = "Start again from the home page. If this keeps happening, call %(phone)s and mention the reference below."

    def __init__(self, reason: str, detail: str = "", **facts: Any) -> None:
        super().__init__(detail or reason, reason=reason, **facts)
        self.reason = reason
        self.again: LoginAgain | None = None


class ProviderUnavailable(GatewayError):
    status = 503
    code = "provider-unavailable"
    title = "Logging in is not possible right now"
    advice = "The login service of the Flemish government does not answer. Try again in a few minutes."
    answered: int | None = None  # the status of an answer that cannot be used


class StoreUnavailable(GatewayError):
    status = 503
    code = "store-unavailable"
    title = "This service is not available right now"
    advice = "Try again in a few minutes. You do not have to log in again."


class FactsUnavailable(GatewayError):
    status = 503
    code = "facts-unavailable"
    title = "This service is not available right now"
    advice = "Try again in a few minutes."


class UnderMaintenance(GatewayError):
    """`words` are the operator's, by language; `until` (seconds since the epoch) is infinite where nobody knows."""

    status = 503
    code = "maintenance"
    title = "This service is under maintenance"
    advice = "It is not known yet when the service works again. Try again later."

    def __init__(self, words: Mapping[str, str] = NOTHING, until: float = inf, /, **facts: Any) -> None:
        super().__init__("maintenance", **facts)
        self.words, self.until = words, until


class RecordsUnavailable(FactsUnavailable):
    """Decision records cannot be written, and nothing goes through without one."""

    code = "records-unavailable"


class Overloaded(GatewayError):
    status = 503
    code = "overloaded"
    title = "It is too busy right now"
    advice = "Try again in a few minutes."


class UpstreamUnreachable(GatewayError):
    status = 502
    code = "upstream-unreachable"
    title = "The register is not available right now"
    advice = "Try again in a few minutes."


class UpstreamOut(GatewayError):
    """No server takes requests: they failed too often. `seconds` says when one is tried again."""

    status = 503
    code = "upstream-out"
    title = "The register is not available right now"
    advice = "Try again in a few minutes."

    def __init__(self, detail: str = "", seconds: float = 10.0) -> None:
        super().__init__(detail, retry_after=max(1, ceil(seconds)))


class UpstreamBroken(GatewayError):
    status = 502
    code = "upstream-broken"
    title = "The register gave an answer that cannot be read"


class UpstreamTimeout(GatewayError):
    status = 504
    code = "upstream-timeout"
    title = "The register takes too long to answer"
    advice = "Try again in a few minutes."


class InternalFault(GatewayError):
    """An error in the gateway. Nothing that a client sends should ever cause it."""


class PolicyFailed(InternalFault):
    code = "policy-failed"
