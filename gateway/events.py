"""What happens in the gateway, as values that any part may publish and any part may listen to.

A finished request is not an event: the record stage counts it and writes it down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

# "refused": an answer that a client can cause, to a code or token that is not valid; "error": no usable answer.
CallResult = Literal["ok", "refused", "error"]


@dataclass(frozen=True, slots=True)
class ClientRefused:
    """The listener refused or closed a client's connection by itself. `reason`: see gateway/edge/refusals.py.
    `status` is 0 where there was no answer. `request_id` is that of the answer, `client` the address of the connection.
    What was asked is in `scope`, or in `head` as far as it came. `viewer` and `language` are those of a page. `admitted`: it
    happened to a request that has a record of its own.
    """

    reason: str
    status: int = 0
    request_id: str = ""
    client: str = ""
    head: bytes = b""
    scope: Mapping[str, Any] | None = None
    viewer: str = ""
    language: str = ""
    admitted: bool = False


@dataclass(frozen=True, slots=True)
class ProviderCalled:
    """A call to the provider ended. `endpoint`: metadata, keys, token, par, userinfo or introspection."""

    endpoint: str
    result: CallResult
    seconds: float


@dataclass(frozen=True, slots=True)
class StoreCalled:
    """A call to the session store ended: `operation` is a method of Store. `failed`: no answer."""

    operation: str
    seconds: float
    failed: bool


@dataclass(frozen=True, slots=True)
class TokenJudged:
    """An access token of a program was checked."""

    valid: bool


@dataclass(frozen=True, slots=True)
class LoginEnded:
    """`result` is "ok", or the reason code of a LoginFailed."""

    result: str


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """Somebody logged out. `operation`: local, provider, switch, other-device, backchannel, frontchannel, or the event of a
    transmitter that ended sessions: session-revoked or credential-change."""

    operation: str


@dataclass(frozen=True, slots=True)
class SignalReceived:
    """A transmitter pushed a security event. `signal`: its type, `other`, or `unknown` for a token that was refused.

    `result`: ended, nobody (no such session), unmatched (names nobody by an id that is known here), noted (means
    nothing here), repeated or refused.
    """

    signal: str
    result: str


@dataclass(frozen=True, slots=True)
class SessionProven:
    """The result of a bound session's proof. `operation`: register, refresh, or request (one without a proof).

    `result`: ok, challenged, session-over, limited, why a proof was refused, or why a request has none."""

    operation: str
    result: str


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """A session ended in this process, by a logout or because it was revoked. `session` is its public id.

    `replaced`: by a login of the same person, with whose session goes on what is under way."""

    session: str
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class UpstreamFailed:
    """A request failed at the upstream. `error` is the code of the GatewayError."""

    error: str


@dataclass(frozen=True, slots=True)
class ServerFailed:
    """A request failed at one server of an upstream, whether or not another server answered it."""

    upstream: str
    server: str
    error: str


@dataclass(frozen=True, slots=True)
class ServerOut:
    """A server takes no requests from now on. `why`: the code of a GatewayError, or what a probe found."""

    upstream: str
    server: str
    why: str


@dataclass(frozen=True, slots=True)
class ServerReturned:
    """A server takes requests: from the start, or again."""

    upstream: str
    server: str


@dataclass(frozen=True, slots=True)
class RequestRepeated:
    """A request that failed at one server of an upstream is sent to another."""

    upstream: str


@dataclass(frozen=True, slots=True)
class StreamsCounted:
    """`lasting` exchanges with the upstream have lasted for at least one round of judging."""

    lasting: int


@dataclass(frozen=True, slots=True)
class StreamCut:
    """An exchange was ended before its time. `reason`: session-ended, or the code of a GatewayError."""

    reason: str


@dataclass(frozen=True, slots=True)
class WebSocketsCounted:
    """`open` WebSockets are open in this process."""

    open: int


@dataclass(frozen=True, slots=True)
class WebSocketEnded:
    """A WebSocket ended, `seconds` after it had opened. `session` is the public id. `cut`: why the gateway ended it."""

    request_id: str
    session: str | None
    seconds: float
    cut: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class RulesLoaded:
    """The process starts with these rules: the hash of the rule set, its number of rules, the claims they read."""

    rules: str
    count: int
    claims: frozenset[str]


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """Other rules went live. `before` and `rules` are hashes of rule sets; `count` and `claims` as in RulesLoaded.
    `restart_needed`: the file also changes settings that need a restart.
    """

    before: str
    rules: str
    count: int
    claims: frozenset[str]
    restart_needed: bool = False


@dataclass(frozen=True, slots=True)
class RulesRefused:
    """Changed rules were refused; those with the hash `rules` stay. `problems` is for operators."""

    rules: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyChanged:
    """This process uses another key for this purpose from now on. `before` and `after` are ids."""

    purpose: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class CandidateChanged:
    """Other candidate rules are compared from now on: the hash of their rule set, None where there are none."""

    rules: str | None
    claims: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ShadowJudged:
    """The candidate rules judged a request. `result` is "unknown" where they could not.

    Where the request would be allowed or denied instead, or go elsewhere, `rule` is the candidate's rule (None: no rule matches) and `change` says how.
    """

    result: Literal["same", "differs", "unknown"]
    rule: str | None = None
    change: Literal["newly_allowed", "newly_denied", "elsewhere"] | None = None


@dataclass(frozen=True, slots=True)
class BlocksLoaded:
    """The process starts with these blocks, by their ids."""

    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BlocksChanged:
    """These blocks, by their ids, are in force from now on."""

    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EmergencyOpened:
    """An emergency rule decides from now on, until `until` at the latest (seconds since the epoch).

    `opening` is the id of that opening, `rules` the hash of the rules in force with it. `asked_by` and `confirmed_by` are
    the two people, `reason` is theirs.
    """

    rule: str
    opening: str
    until: float
    reason: str
    asked_by: str
    confirmed_by: str
    rules: str


@dataclass(frozen=True, slots=True)
class EmergencyClosed:
    """An emergency rule decides nothing any more. `by` is empty where it ended by itself; `rules` as in EmergencyOpened."""

    rule: str
    opening: str
    by: str
    rules: str


@dataclass(frozen=True, slots=True)
class MaintenanceChanged:
    """These maintenances, by their ids, keep people out from now on; none where `current` is empty."""

    current: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoopFailed:
    """A turn of a loop beside the requests failed, or takes too long; `why` is for operators. The loop goes on."""

    loop: str
    why: str


@dataclass(frozen=True, slots=True)
class LoopWorks:
    """A loop that had failed works again."""

    loop: str


@dataclass(frozen=True, slots=True)
class CheckChanged:
    """A readiness check came to another result. Degraded: requests are answered, but not all works as it should."""

    check: str
    ready: bool
    degraded: bool


@dataclass(frozen=True, slots=True)
class FleetSeen:
    """How many workers share the store; how many seconds this clock is ahead of its own; whether it had lost all that it held."""

    workers: int
    clock_ahead: float
    store_lost: bool = False


@dataclass(frozen=True, slots=True)
class RecordsDropped:
    """`count` decision records were lost. May be published from a thread other than the event loop's."""

    count: int


Event = (
    ClientRefused | CheckChanged | ProviderCalled | StoreCalled | TokenJudged | LoginEnded | LoggedOut
    | SignalReceived | SessionProven | SessionEnded | UpstreamFailed | ServerFailed | ServerOut
    | ServerReturned | RequestRepeated | StreamsCounted | StreamCut | WebSocketsCounted | WebSocketEnded
    | RulesLoaded | RulesChanged | RulesRefused | CandidateChanged | KeyChanged | ShadowJudged
    | BlocksLoaded | BlocksChanged | EmergencyOpened | FleetSeen | EmergencyClosed | MaintenanceChanged
    | LoopFailed | LoopWorks | RecordsDropped
)  # fmt: skip

OnEvent = Callable[[Event], None]  # publishes an event


def ignore(_event: Event) -> None:
    """An OnEvent for parts that stand alone: nobody listens."""
