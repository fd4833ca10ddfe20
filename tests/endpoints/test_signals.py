"""Security events that a transmitter pushes, over HTTP: what ends, what is refused with which code, and what counts once."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.config import load
from gateway.errors import StoreUnavailable
from gateway.model import Identity, Organisation, Right
from gateway.session.sessions import Sessions
from tests.auth.scripted_transmitter import (
    AUDIENCE,
    CAEP,
    CREDENTIAL,
    SSF,
    ScriptedTransmitter,
    scripted_transmitter,
)
from tests.endpoints.test_logout import LogIn, gate, holds, log_in
from tests.gateway_fixture import GatewayFixture, StillClock, scripted_gateway, scripted_provider
from tests.processes import gateway_process
from tests.redis_server import running_redis
from tests.two_machines import two_machines
from tests.waiting import until

__all__ = ["gate", "log_in"]
REVOKED, CHANGED = f"{CAEP}session-revoked", f"{CAEP}credential-change"
SECRET = "Bearer agreed-between-the-two"


@pytest.fixture(scope="module")
def sender() -> Iterator[ScriptedTransmitter]:
    with scripted_transmitter() as found:
        yield found


@pytest.fixture(scope="module")
def stage(sender: ScriptedTransmitter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    folder = tmp_path_factory.mktemp("signals")
    (folder / "signals.secret").write_text(f"{SECRET}\n")
    (folder / "signals.secret").chmod(0o600)
    agreed = {
        "issuer": sender.issuer,
        "audience": AUDIENCE,
        "authorization": "file:signals.secret",
        "keys_interval": "1s",
    }
    signals = {"transmitters": [agreed], "limit": {"burst": 500, "every": "10ms"}}
    with scripted_gateway(folder, session={"cache_ttl": "1s"}, signals=signals) as found:
        yield found


Push = Callable[..., httpx2.Response]


@pytest.fixture
def push(gate: GatewayFixture, sender: ScriptedTransmitter) -> Push:
    """Pushes a token with one event, or this token."""

    def one(
        kind: str = REVOKED, about: Any = None, *, token: str | None = None, **changes: Any
    ) -> httpx2.Response:
        return pushed(gate, token or sender.token(gate.clock(), kind, about, **changes))

    return one


def pushed(gate: GatewayFixture, token: str, **headers: str) -> httpx2.Response:
    sent = {"content-type": "application/secevent+jwt", "authorization": SECRET, **headers}
    return httpx2.post(f"{gate.url}/oauth2/signals", content=token, headers=sent, trust_env=False)


def person(gate: GatewayFixture, subject: str) -> dict[str, str]:
    return {"format": "iss_sub", "iss": gate.op.issuer, "sub": subject}


def session(sid: str) -> dict[str, str]:
    return {"format": "opaque", "id": sid}


def test_a_session_that_is_named_ends(push: Push, log_in: LogIn) -> None:
    one, two = log_in("erin", "e1"), log_in("erin", "e2")
    answer = push(about=session("e1"))
    assert (answer.status_code, answer.content) == (202, b"")
    assert "content-type" not in answer.headers
    assert [holds(each) for each in (one, two)] == [False, True]


def test_all_sessions_of_a_person_end(gate: GatewayFixture, push: Push, log_in: LogIn) -> None:
    one, two, other = log_in("frank", "f1"), log_in("frank", "f2"), log_in("grace", "g1")
    assert push(about=person(gate, "frank")).status_code == 202
    assert [holds(each) for each in (one, two, other)] == [False, False, True]


@pytest.mark.parametrize(
    ("members", "ended"),
    [
        ({"session": session("h1"), "user": "hanna", "tenant": session("x")}, [True, False]),
        ({"session": session("h1")}, [True, False]),
        ({"user": "hanna", "device": session("d")}, [True, True]),
        ({"user": "somebody-else", "session": session("h1")}, [False, False]),
        ({"user": {"format": "opaque", "id": "hanna"}}, [True, True]),
        ({"user": {"format": "email", "email": "hanna@x.be"}, "session": session("h1")}, [False, False]),
        ({"session": {"format": "jwt_id", "iss": "x", "jti": "h1"}}, [False, False]),
        ({"tenant": session("0428315871")}, [False, False]),
        ({"session": "h1"}, [False, False]),
    ],
)
def test_a_complex_subject(
    gate: GatewayFixture, push: Push, log_in: LogIn, members: dict[str, Any], ended: list[bool]
) -> None:
    both = [log_in("hanna", "h1"), log_in("hanna", "h2")]
    user = members.get("user")
    named = {**members, "user": person(gate, user)} if isinstance(user, str) else members
    assert push(about={"format": "complex", **named}).status_code == 202
    assert [not holds(each) for each in both] == ended


def test_who_logged_in_after_the_event_stays(gate: GatewayFixture, push: Push, log_in: LogIn) -> None:
    before = log_in("iris", "i1")
    happened = int(gate.clock())
    gate.clock.ahead += 120
    after = log_in("iris", "i2")
    assert push(about=person(gate, "iris"), event={"event_timestamp": happened}).status_code == 202
    assert [holds(each) for each in (before, after)] == [False, True]


@pytest.mark.parametrize(
    ("change", "ends"), [("revoke", True), ("delete", True), ("create", False), ("update", False)]
)
def test_a_credential_that_is_gone_ends_the_sessions(
    gate: GatewayFixture, push: Push, log_in: LogIn, change: str, *, ends: bool
) -> None:
    browser = log_in(f"jan-{change}", change)
    event = {**CREDENTIAL, "change_type": change}
    assert push(CHANGED, person(gate, f"jan-{change}"), event=event).status_code == 202
    assert holds(browser) is not ends


def test_a_stream_is_cut(gate: GatewayFixture, push: Push, log_in: LogIn) -> None:
    browser = log_in("karel", "k1")
    with browser.stream("GET", "/events") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "data: x"
        assert push(about=session("k1")).status_code == 202
        with pytest.raises(httpx2.RemoteProtocolError):
            for _ in lines:
                pass


def test_what_is_accepted_and_ends_nothing(gate: GatewayFixture, push: Push, log_in: LogIn) -> None:
    browser = log_in("lies", "l1")
    stranger = {"format": "iss_sub", "iss": "https://other.test", "sub": "lies"}
    for kind, about in (
        (f"{SSF}verification", {"format": "opaque", "id": "stream-1"}),
        (f"{SSF}stream-updated", {"format": "opaque", "id": "stream-1"}),
        (f"{CAEP}device-compliance-change", person(gate, "lies")),
        (REVOKED, person(gate, "nobody-here")),
        (REVOKED, stranger),
        (REVOKED, {"format": "email", "email": "lies@x.be"}),
        (REVOKED, {"format": "phone_number", "phone_number": "+32"}),
        (REVOKED, {"format": "opaque", "id": 5}),
        (REVOKED, {}),
    ):
        assert push(kind, about, event={"state": "abc"}).status_code == 202
    assert holds(browser)


def test_an_event_counts_once(gate: GatewayFixture, sender: ScriptedTransmitter, log_in: LogIn) -> None:
    first = log_in("mia", "m1")
    token = sender.token(gate.clock(), REVOKED, session("m1"))
    assert pushed(gate, token).status_code == 202
    second = log_in("mia", "m1")
    # It is acknowledged again, for a transmitter that lost the answer.
    assert pushed(gate, token).status_code == 202
    assert [holds(each) for each in (first, second)] == [False, True]


def test_an_event_that_a_failing_store_cut_short_counts_when_it_comes_again(
    gate: GatewayFixture, sender: ScriptedTransmitter, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = log_in("lena", "l1")
    token = sender.token(gate.clock(), REVOKED, session("l1"))

    async def gone(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("the store went away")

    with monkeypatch.context() as store:
        store.setattr(gate.gateway.areas.people.sessions.store, "delete", gone)
        # Nor can what is in the store be undone.
        store.setattr(gate.gateway.areas.people.sessions.one_time, "release", gone)
        assert pushed(gate, token).status_code == 503
    assert holds(browser)
    assert pushed(gate, token).status_code == 202
    assert not holds(browser)


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("invalid_audience", {"aud": "https://register.test/signals/prd"}),
    ("invalid_audience", {"aud": None}),
    ("invalid_audience", {"aud": []}),
    ("invalid_issuer", {"iss": "https://other.test/tenant"}),
    ("invalid_request", {"iss": None}),
    ("invalid_request", {"jti": None}),
    ("invalid_request", {"jti": ""}),
    ("invalid_request", {"jti": 3}),
    ("invalid_request", {"iat": None}),
    ("invalid_request", {"iat": "now"}),
    ("invalid_request", {"exp": 4_000_000_000}),
    ("invalid_request", {"sub": "nora"}),
    ("invalid_request", {"sub_id": None}),
    ("invalid_request", {"sub_id": "nora"}),
    ("invalid_request", {"events": {}}),
    ("invalid_request", {"events": None}),
    ("invalid_request", {"events": [REVOKED]}),
    ("invalid_request", {"events": {REVOKED: None}}),
    ("invalid_request", {"events": {f"urn:{n}": {} for n in range(9)}}),
    ("invalid_request", {"event": {"event_timestamp": "yesterday"}}),
    ("invalid_request", {"event": {"event_timestamp": 1_700_000_000_000}}),
    ("invalid_request", {"events": {CHANGED: {"change_type": "revoke"}}}),
    ("invalid_request", {"events": {CHANGED: {**CREDENTIAL, "change_type": "stolen"}}}),
    ("invalid_request", {"header": {"typ": None}}),
    ("invalid_request", {"header": {"typ": "JWT"}}),
    ("invalid_request", {"header": {"typ": "logout+jwt"}}),
    ("invalid_key", {"header": {"name": "t2"}}),
    ("invalid_key", {"header": {"name": "o1", "alg": "HS256"}}),
    ("invalid_key", {"header": {"name": "e1", "alg": "ES256"}}),
]


@pytest.mark.parametrize(("code", "changes"), REFUSED, ids=str)
def test_what_is_refused(push: Push, log_in: LogIn, code: str, changes: dict[str, Any]) -> None:
    browser = log_in("nora", "n1")
    answer = push(about=session("n1"), **changes)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")
    assert answer.headers["content-language"] == "en"
    assert answer.json()["err"] == code
    assert answer.json()["description"]
    assert holds(browser)


def test_a_token_of_another_time_is_refused(gate: GatewayFixture, sender: ScriptedTransmitter) -> None:
    for seconds, status in ((-604_000, 202), (-606_000, 400), (20, 202), (120, 400)):
        token = sender.token(gate.clock() + seconds, REVOKED, session("x"))
        assert pushed(gate, token).status_code == status, seconds


@pytest.mark.parametrize("header", ["", "Bearer other", SECRET.lower(), f"{SECRET}x"])
def test_the_header_that_was_agreed(gate: GatewayFixture, sender: ScriptedTransmitter, header: str) -> None:
    answer = pushed(gate, sender.token(gate.clock(), REVOKED, session("x")), authorization=header)
    assert (answer.status_code, answer.json()["err"]) == (400, "authentication_failed")


@pytest.mark.parametrize("content", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "\u00e9", "x" * 60_000])
def test_what_is_no_token(gate: GatewayFixture, content: str) -> None:
    assert pushed(gate, content).json()["err"] == "invalid_request"


def test_what_is_too_large_or_of_another_type(gate: GatewayFixture, sender: ScriptedTransmitter) -> None:
    token = sender.token(gate.clock(), REVOKED, session("x"))
    assert pushed(gate, "x" * 70_000).status_code == 413
    for kind in ("application/json", "application/jwt", "text/plain"):
        assert pushed(gate, token, **{"content-type": kind}).json()["err"] == "invalid_request"
    assert httpx2.get(f"{gate.url}/oauth2/signals", trust_env=False).status_code == 405


def test_new_keys_are_found(gate: GatewayFixture, sender: ScriptedTransmitter, log_in: LogIn) -> None:
    browser = log_in("otto", "o1")
    sender.keys = ["t1", "t3"]
    gate.clock.ahead += 60
    try:
        token = sender.token(gate.clock(), REVOKED, session("o1"), header={"name": "t3"})
        assert pushed(gate, token).status_code == 202
    finally:
        sender.keys = ["t1"]
    assert not holds(browser)


def test_metadata_is_found_below_the_host_and_counts_are_shown(
    gate: GatewayFixture, sender: ScriptedTransmitter, push: Push
) -> None:
    push(about=session("nobody"))
    assert "/.well-known/ssf-configuration/tenant" in sender.asked
    text = httpx2.get(f"http://localhost:{gate.observe_port}/metrics", trust_env=False).text
    counted = [line for line in text.splitlines() if line.startswith("toegangspoort_signals_total{")]
    assert any('signal="session-revoked"' in line and 'result="nobody"' in line for line in counted)


def test_a_member_that_must_be_understood(
    gate: GatewayFixture, sender: ScriptedTransmitter, push: Push, log_in: LogIn
) -> None:
    transmitters = gate.gateway.areas.people.transmitters
    assert transmitters is not None
    (known,) = transmitters.known.values()
    browser = log_in("piet", "p1")
    sender.metadata = {"critical_subject_members": ["device"]}
    known._metadata, known._keys = None, ()
    about = {"format": "complex", "user": person(gate, "piet"), "device": session("d")}
    try:
        assert push(about=about).status_code == 202
        assert holds(browser)
    finally:
        sender.metadata = {}
        known._metadata, known._keys = None, ()
    assert push(about=about).status_code == 202
    assert not holds(browser)


def _logged_in(gate: GatewayFixture, sid: str) -> Any:
    gate.op.claims["sid"] = sid
    browser = gate.browser()
    browser.log_in()
    return browser


def test_an_event_counts_once_in_all_processes_and_after_a_restart(
    sender: ScriptedTransmitter, tmp_path: Path
) -> None:
    signals = {"transmitters": [{"issuer": sender.issuer, "audience": AUDIENCE}]}
    options = {"signals": signals, "session": {"cache_ttl": "100ms"}}
    now, clock = time.time(), StillClock()
    token = sender.token(now, REVOKED, session("q1"))
    with scripted_provider(clock) as op:
        options |= {"provider": op, "clock": clock}
        with scripted_gateway(tmp_path, **options) as first, scripted_gateway(tmp_path, **options) as second:
            browser = _logged_in(first, "q1")
            ticket = first.ticket(browser)
            assert second.with_ticket(ticket, "/echo").status_code == 200
            assert pushed(second, token).status_code == 202
            clock.now += 1
            assert first.with_ticket(ticket, "/echo").status_code == 401
            later = _logged_in(first, "q1")
            assert pushed(first, token).status_code == 202
            assert holds(later)
        with scripted_gateway(tmp_path, **options) as restarted:
            assert pushed(restarted, token).status_code == 202
            assert restarted.with_ticket(first.ticket(later), "/echo").status_code == 200
            new = sender.token(now, REVOKED, session("q1"))
            assert pushed(restarted, new).status_code == 202
            assert restarted.with_ticket(first.ticket(later), "/echo").status_code == 401
        browser.close()
        later.close()


@pytest.mark.redis
@pytest.mark.anyio
async def test_an_event_counts_once_in_every_worker_of_two_machines(
    sender: ScriptedTransmitter, tmp_path: Path
) -> None:
    """Two workers on one machine, one on the other, and Redis."""
    signals = {"transmitters": [{"issuer": sender.issuer, "audience": AUDIENCE}]}
    with (
        tempfile.TemporaryDirectory(prefix="gw-redis-") as data,
        running_redis(Path(data)) as redis,
        two_machines(
            tmp_path, provider={}, session={"store": redis.url, "cache_ttl": "100ms"}, signals=signals
        ) as machines,
    ):
        ready = [f"http://localhost:{port}/readyz" for port in machines.ports[2:]]
        machines.stack.enter_context(gateway_process(machines.configs[0], "ti", ready[0], "--workers", "2"))
        machines.start(1)
        about = {"format": "iss_sub", "iss": machines.op.issuer, "sub": "alice"}
        token = sender.token(time.time(), REVOKED, about)
        content = {"content-type": "application/secevent+jwt"}

        def push(which: int, token: str) -> int:
            url = f"http://127.0.0.1:{machines.ports[which]}/oauth2/signals"
            host = {"host": f"localhost:{machines.ports[0]}"}
            return httpx2.post(url, content=token, headers={**content, **host}, trust_env=False).status_code

        def served(ticket: str) -> set[int]:
            """The answers of both machines; each connection is some worker's."""
            headers = {"cookie": f"tgp-ti-session={ticket}", "host": f"localhost:{machines.ports[0]}"}
            urls = [f"http://127.0.0.1:{machines.ports[which]}/filed/1" for which in (0, 0, 0, 0, 0, 0, 1)]
            return {httpx2.get(url, headers=headers, trust_env=False).status_code for url in urls}

        first = await _begun_before(machines.configs[0])
        assert served(first) == {200}
        assert push(1, token) == 202
        assert until(lambda: served(first) == {401})
        # Whoever gets the copy knows it, so that a session as old as the first goes on.
        second = await _begun_before(machines.configs[0])
        assert {push(which, token) for which in (0, 0, 0, 0, 0, 0, 1)} == {202}
        assert served(second) == {200}
        assert push(0, sender.token(time.time(), REVOKED, about)) == 202
        assert until(lambda: served(second) == {401})


async def _begun_before(config: Path) -> str:
    """The ticket of a session of alice that began a minute ago."""
    environment = load(config).environment("ti")
    past = time.time() - 60
    sessions = Sessions(environment.session, environment="ti", secure=False, clock=lambda: past)
    await sessions.start(sweep=False)
    code = "0428315871"
    rights = (Right("OVAMGebruiker", "NonConformiteitenIndiener", code),)
    alice = Identity(issuer="", subject="alice", organisation=Organisation(code), rights=rights)
    _, ticket = await sessions.create(alice)
    await sessions.aclose()
    return ticket


def test_one_client_cannot_push_without_end_and_others_push_nothing(
    sender: ScriptedTransmitter, tmp_path: Path
) -> None:
    agreed = {"issuer": sender.issuer, "audience": AUDIENCE}
    signals = {"transmitters": [agreed], "limit": {"burst": 3, "every": "1h"}}
    token = sender.token(time.time(), REVOKED, session("x"))
    with scripted_gateway(tmp_path, signals=signals) as limited:
        answers = [pushed(limited, token) for _ in range(4)]
        assert [each.status_code for each in answers] == [202, 202, 202, 429]
        assert int(answers[-1].headers["retry-after"]) > 0
    with scripted_gateway(tmp_path) as without:
        assert pushed(without, token).status_code == 404
