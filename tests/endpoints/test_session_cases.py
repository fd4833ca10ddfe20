"""The corpus of session cases, each on a gateway that runs: every case of the file has its check here."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.auth.flow import FlowCookies, LoginIntent
from gateway.config import ConfigError, load
from gateway.session.redis import RedisStore
from gateway.session.sessions import Sessions
from gateway.session.settings import SessionSettings
from gateway.session.store import StoredSession
from gateway.session.ticket import SessionCipher, new_ticket
from gateway.settings import SharedStore
from tests.cases.runners import SESSION, no_runner, runs
from tests.gateway_fixture import (
    CALL,
    OPEN_RULES,
    PAGE,
    Browser,
    Clock,
    EchoUpstream,
    GatewayFixture,
    scripted_gateway,
    scripted_settings,
)
from tests.gateway_fixture import scripted_provider as provider_of
from tests.gateways import settings, write_config
from tests.processes import gateway_process
from tests.redis_server import running_redis
from tests.running import free_socket, serving
from tests.upstream.raw_client import converse
from tests.waiting import until

CHECKS: dict[str, Callable[[GatewayFixture], None]] = {}
COOKIE = "tgp-ti-session"


def covers(*names: str) -> Callable[[Callable[[GatewayFixture], None]], Callable[[GatewayFixture], None]]:
    def noted(check: Callable[[GatewayFixture], None]) -> Callable[[GatewayFixture], None]:
        CHECKS.update(dict.fromkeys(names, check))
        return check

    return noted


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    rules = [{"id": "read", "match": {"path": "/read/**", "methods": ["GET"]}, "require": ["authenticated"]}, *OPEN_RULES[:2], {
        "id": "echo", "match": {"path": "/{rest}/**", "methods": ["GET", "POST", "PUT"]}, "require": ["authenticated"]}]  # fmt: skip
    times = {"idle_timeout": "30m", "max_lifetime": "10h", "cache_ttl": "1s", "recheck": "15m"}
    with scripted_gateway(tmp_path_factory.mktemp("cases"), session=times, rules=rules) as found:
        yield found


@runs(SESSION, fields=("do", "expected"))
def test_session_cases(gate: GatewayFixture, case: dict[str, Any]) -> None:
    """What a case does and expects is prose: each has its check here, by its id, which stands in for both."""
    if case["id"] not in CHECKS:
        no_runner(case)
    gate.clock.ahead += 10
    CHECKS[case["id"]](gate)


@contextlib.contextmanager
def somebody(gate: GatewayFixture) -> Iterator[Browser]:
    with gate.browser() as browser:
        browser.log_in()
        yield browser


def status(gate: GatewayFixture, ticket: str | None, path: str = "/echo/x") -> int:
    return gate.with_ticket(ticket, path).status_code


def raw(gate: GatewayFixture, cookie: bytes, path: bytes = b"/echo/x") -> Any:
    port = int(gate.url.rpartition(":")[2])
    head = b"GET %s HTTP/1.1\r\nHost: localhost:%d\r\nAccept: application/json\r\nCookie: %s\r\n\r\n" % (
        path,
        port,
        cookie,
    )
    return converse(port, head).answers[0]


# Fixation


@covers("fix-preset")
def preset(gate: GatewayFixture) -> None:
    with somebody(gate) as attacker:
        his = gate.ticket(attacker)
    for chosen in ("x" * 43, str(his)):
        with gate.browser() as victim:
            begun = victim.page("/oauth2/start?rd=/echo/x")
            with httpx2.Client(trust_env=False) as there:
                back = there.get(begun.headers["location"]).headers["location"]
            pairs = [f"{COOKIE}={chosen}", *(f"{name}={value}" for name, value in victim.cookies.items())]
            done = httpx2.get(back, headers=PAGE | {"cookie": "; ".join(pairs)}, trust_env=False)
        fresh = done.cookies.get(COOKIE)
        assert fresh not in (None, chosen)
        assert status(gate, chosen) == 401
        assert status(gate, fresh) == 200


@covers("fix-stepup")
def second_login(gate: GatewayFixture) -> None:
    with somebody(gate) as browser:
        before = gate.ticket(browser)
        browser.log_in()
        assert gate.ticket(browser) != before
        assert status(gate, before) == 401


# Attributes and sizes


@covers("flags", "csrf-2min")
def attributes(gate: GatewayFixture) -> None:
    with (
        tempfile.TemporaryDirectory() as place,
        scripted_gateway(Path(place), public_url="https://gw.test") as site,
    ):
        host = PAGE | {"host": "gw.test"}
        begun = httpx2.get(f"{site.url}/oauth2/start", headers=host, trust_env=False)
        there = httpx2.get(begun.headers["location"], trust_env=False)
        query = there.headers["location"].partition("?")[2]
        pairs = "; ".join(line.partition(";")[0] for line in begun.headers.get_list("set-cookie"))
        done = httpx2.get(
            f"{site.url}/oauth2/callback?{query}", headers=host | {"cookie": pairs}, trust_env=False
        )
        ticket = next(line for line in done.headers.get_list("set-cookie") if "-session=" in line).partition(
            ";"
        )[0]
        out = httpx2.get(f"{site.url}/oauth2/sign_out", headers=host | {"cookie": ticket}, trust_env=False)
        lines = [line for answer in (begun, done, out) for line in answer.headers.get_list("set-cookie")]
    assert len(lines) >= 6
    for line in lines:
        assert line.startswith("__Host-tgp-ti-")
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in line.split(";")}
        assert "domain" not in line.lower()


@covers("flags-http")
def plain_http(gate: GatewayFixture) -> None:
    with tempfile.TemporaryDirectory() as place:
        environment = settings(
            Path(place), name="ti", gateway_url="http://register.example.be", acm_url="http://localhost:1",
            upstream_url="http://localhost:2", listen="127.0.0.1:8000",
        )  # fmt: skip
        with pytest.raises(ConfigError, match="http is for localhost only"):
            load(write_config(Path(place), {"ti": environment}))


@covers("chunk-mix")
def halves(gate: GatewayFixture) -> None:
    with somebody(gate) as one, somebody(gate) as two:
        first, second = str(gate.ticket(one)), str(gate.ticket(two))
    assert status(gate, first[:20] + second[20:]) == 401
    mixed = f"{COOKIE}_0={first[:20]}; {COOKIE}_1={second[20:]}; {COOKIE}0={first}; {COOKIE}_1={second}"
    assert raw(gate, mixed.encode()).status == 401


@covers("chunk-missing")
def a_part(gate: GatewayFixture) -> None:
    with somebody(gate) as browser:
        answer = gate.with_ticket(str(gate.ticket(browser))[:28], "/echo/x")
    assert answer.status_code == 401
    assert answer.headers["set-cookie"].startswith(f"{COOKIE}=; Max-Age=0;")


@covers("chunk-extra", "chunk-shrink")
def extra_parts(gate: GatewayFixture) -> None:
    with somebody(gate) as browser:
        ticket = str(gate.ticket(browser))
    few = "; ".join(f"{COOKIE}_{number}=x" for number in range(3, 200))
    answer = raw(gate, f"{COOKIE}={ticket}; {few}; {COOKIE}_count=99999999".encode())
    assert answer.status == 200
    assert COOKIE not in gate.upstream.seen[-1][2].get("cookie", "")
    many = "; ".join(f"{COOKIE}_{number}=x" for number in range(3, 99_999))
    begun = time.process_time()
    assert raw(gate, many.encode()).status == 431
    assert time.process_time() - begun < 1.0


# Tampering and keys


def shape(answer: httpx2.Response) -> tuple[Any, ...]:
    """What an answer looks like, without what differs in every answer."""
    body = {name: value for name, value in answer.json().items() if name not in ("request_id", "reference")}
    return (answer.status_code, sorted(set(answer.headers) - {"set-cookie"}), str(body))


@covers("tamper-each-byte")
def each_byte(gate: GatewayFixture) -> None:
    with somebody(gate) as browser:
        ticket = str(gate.ticket(browser))
    anonymous = shape(httpx2.get(f"{gate.url}/echo/x", headers=CALL, trust_env=False))
    with httpx2.Client(trust_env=False, base_url=gate.url) as client:
        for at in range(len(ticket)):
            for flip in (1, 2, 4, 32):
                changed = chr(ord(ticket[at]) ^ flip)
                if changed in ';, "\\' or not changed.isprintable():
                    continue
                value = ticket[:at] + changed + ticket[at + 1 :]
                answer = client.get("/echo/x", headers=CALL | {"cookie": f"{COOKIE}={value}"})
                assert shape(answer) == anonymous, (at, flip)


@covers("tamper-malformed")
def malformed(gate: GatewayFixture) -> None:
    values = (
        b"",
        b"x",
        b"a.b",
        b"%%%",
        b"A" * 4096,
        "é".encode(),
        b"\xff\xfe",
        b"YWJj=",
        b"YWJj====",
        b'{"sub":"a"}',
        b"\x80\x04K\x01.",
    )
    for value in values:
        answer = raw(gate, COOKIE.encode() + b"=" + value)
        assert answer.status in (400, 401), value
        assert b"x-forwarded-user" not in answer.body


def of_another_key(gate: GatewayFixture, key: bytes) -> Sessions:
    (gate.folder / "another.key").write_bytes(key)
    (gate.folder / "another.key").chmod(0o600)
    values = {"store": "sqlite:var/ti.db", "key": "file:another.key"}
    chosen = SessionSettings.model_validate(values, context={"folder": gate.folder})
    return Sessions(chosen, environment="ti", secure=False, clock=gate.clock)


@covers("wrong-key")
def wrong_key(gate: GatewayFixture) -> None:
    from tests.session.test_sessions import WHO

    async def made() -> str:
        sessions = of_another_key(gate, b"another secret of another deployment")
        await sessions.start(sweep=False)
        _, ticket = await sessions.create(WHO)
        await sessions.aclose()
        return ticket

    assert status(gate, asyncio.run(made())) == 401


@covers("old-key")
def old_key(gate: GatewayFixture) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        key = folder / "secrets/ti/session.key"
        with scripted_gateway(folder) as site, somebody(site) as browser:
            old = site.ticket(browser)
        key.rename(key.with_name("old.key"))
        key.write_bytes(b"a new session key " * 4)
        key.chmod(0o600)
        with (
            scripted_gateway(folder, session={"previous_keys": ["file:secrets/ti/old.key"]}) as site,
            somebody(site) as browser,
        ):
            assert status(site, old) == 200
            new = site.ticket(browser)
        with scripted_gateway(folder) as site:
            assert (status(site, old), status(site, new)) == (401, 200)


@covers("purpose")
def purpose(gate: GatewayFixture) -> None:
    with gate.browser() as browser:
        begun = browser.page("/oauth2/start?rd=/echo/x")
        ((name, flow),) = [(name, value) for name, value in browser.cookies.items() if "-flow-" in name]
        state = re.search(r"state=([^&]+)", begun.headers["location"])
        assert state
        for value in (flow, flow[:43], state[1], state[1].partition(".")[2]):
            assert status(gate, value) == 401
        browser.log_in()
        ticket = str(gate.ticket(browser))
        forged = {"cookie": f"{name}={ticket}"}
        for wanted in (ticket, state[1], f"{name[-20:]}.{ticket}"):
            answer = httpx2.get(
                f"{gate.url}/oauth2/callback?code=x&state={wanted}", headers=PAGE | forged, trust_env=False
            )
            assert "session" not in str(answer.headers.get("set-cookie"))
            assert answer.status_code == (302 if wanted == state[1] else 400), "at best a login begins"
        gate.clock.ahead += 1_801
        form = PAGE | {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}
        assert browser.post("/echo/x", content=b"a=1", headers=form).status_code == 401
        ((name, secret),) = [(name, value) for name, value in browser.cookies.items() if "-form-" in name]
        assert status(gate, secret) == 401
        cookies = {"cookie": f"{COOKIE}={ticket}; {name}={ticket}"}
        page = httpx2.get(
            f"{gate.url}/oauth2/resume?form={name[-20:]}", headers=CALL | cookies, trust_env=False
        )
        assert page.status_code == 401


# Time


@covers("expiry-server")
def replayed(gate: GatewayFixture) -> None:
    with somebody(gate) as browser:
        ticket = gate.ticket(browser)
    gate.clock.ahead += 1_801
    assert status(gate, ticket) == 401


def last_use(gate: GatewayFixture) -> float:
    with contextlib.closing(sqlite3.connect(gate.folder / "var/ti.db")) as store:
        return float(store.execute("SELECT max(seen_at) FROM session").fetchone()[0])


@covers("expiry-idle-absolute")
def clocks(gate: GatewayFixture) -> None:
    clock = Clock()
    clock.ahead = 15 * 365.25 * 86_400  # 2041
    times = {"idle_timeout": "30m", "max_lifetime": "2h", "recheck": "0s"}
    with (
        tempfile.TemporaryDirectory() as place,
        scripted_gateway(Path(place), clock=clock, session=times) as site,
    ):
        with somebody(site) as browser:
            ticket = site.ticket(browser)
        for step in (-3_600, 3_600, 1_700, 1_700, 1_700, 1_700):
            clock.ahead += step
            assert status(site, ticket) == 200, step
            # No clock runs on by half an hour before the use of a session is written down, which a sweep goes by.
            assert until(lambda: last_use(site) > clock() - 61)
        clock.ahead += 401
        assert status(site, ticket) == 401
        with somebody(site) as browser:
            ticket = site.ticket(browser)
        clock.ahead += 3_600
        assert status(site, ticket) == 401


@covers("slide")
def sliding(gate: GatewayFixture) -> None:
    with somebody(gate) as browser:
        ticket = gate.ticket(browser)
    gate.clock.ahead += 1_000  # a recheck is due as well
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: gate.with_ticket(ticket, "/echo/x"), range(100)))
    assert {answer.status_code for answer in answers} == {200}
    assert sum("set-cookie" in answer.headers for answer in answers) == 0
    assert status(gate, ticket) == 200


@covers("logout-race")
def logout_race(gate: GatewayFixture) -> None:
    with somebody(gate) as browser:
        ticket = gate.ticket(browser)
    gate.clock.ahead += 1_000
    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(gate.with_ticket, ticket, "/echo/x") for _ in range(50)]
        out = gate.with_ticket(ticket, "/oauth2/logout/local", "POST")
        answers = [each.result() for each in waiting]
    assert out.status_code == 200
    assert {answer.status_code for answer in answers} <= {200, 401}
    for answer in answers:
        for line in answer.headers.get_list("set-cookie"):
            assert status(gate, line.partition(";")[0].partition("=")[2]) == 401
    assert status(gate, ticket) == 401


@covers("claims-refresh")
def claims(gate: GatewayFixture) -> None:
    with somebody(gate) as browser:
        assert browser.call("/filed/1").status_code == 200
        rights, gate.op.claims["ovam_rol_3d"] = gate.op.claims["ovam_rol_3d"], []
        gate.clock.ahead += 1_501  # due, and out of grace
        assert browser.call("/filed/1").status_code == 403
        gate.op.claims["ovam_rol_3d"] = rights


# Tossing


@covers("toss-path")
def tossed(gate: GatewayFixture) -> None:
    with somebody(gate) as browser:
        good = str(gate.ticket(browser))
    for pair in ((good, "x" * 43), ("x" * 43, good), (good, good)):
        assert raw(gate, "; ".join(f"{COOKIE}={each}" for each in pair).encode()).status == 401
    assert status(gate, good) == 200


@covers("bomb")
def bomb(gate: GatewayFixture) -> None:
    answer = raw(gate, b"; ".join(b"c%d=%s" % (number, b"x" * 4_000) for number in range(60)))
    assert answer.status == 431
    assert not answer.values("clear-site-data"), "that would empty every application of the domain"
    assert "c7=; Max-Age=0; Path=/" in answer.values("set-cookie")
    assert "cookies" in answer.body.decode()


# State


@covers("state-single-use")
def state_once(gate: GatewayFixture) -> None:
    with gate.browser() as browser:
        begun = browser.page("/oauth2/start?rd=/echo/x")
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    there = httpx2.get(begun.headers["location"], trust_env=False)
    answers = [
        httpx2.get(there.headers["location"], headers=PAGE | {"cookie": cookie}, trust_env=False)
        for _ in range(2)
    ]
    assert "-session=" in str(answers[0].headers.get_list("set-cookie"))
    assert "-session=" not in str(answers[1].headers.get_list("set-cookie"))
    assert answers[1].headers["location"].startswith(begun.headers["location"].partition("?")[0])


@covers("state-cross-client")
def state_elsewhere(gate: GatewayFixture) -> None:
    with (
        tempfile.TemporaryDirectory() as place,
        scripted_gateway(Path(place), name="prd") as other,
        other.browser() as browser,
    ):
        begun = browser.page("/oauth2/start?rd=/echo/x")
        there = httpx2.get(begun.headers["location"], trust_env=False)
        query = there.headers["location"].partition("?")[2]
        ((name, flow),) = browser.cookies.items()
    for cookie in (f"{name}={flow}", f"{name.replace('-prd-', '-ti-')}={flow}"):
        answer = httpx2.get(
            f"{gate.url}/oauth2/callback?{query}", headers=PAGE | {"cookie": cookie}, trust_env=False
        )
        assert answer.headers["location"].startswith(f"{gate.op.issuer}/v1/auth?"), "a login of its own"
        assert "-session=" not in str(answer.headers.get_list("set-cookie"))


@covers("state-entropy")
def entropy(gate: GatewayFixture) -> None:
    flows = FlowCookies(environment="ti", keys=(b"k" * 32,), secure=True, lifetime=600)
    seen: set[str] = set()
    for _ in range(25_000):
        flow = flows.begin(LoginIntent("/", gate.clock()))
        parts = (flow.secret, flow.nonce, flow.verifier, new_ticket())
        assert all(len(part) == 43 for part in parts)
        assert flow.state not in seen
        seen.update(parts)
    assert len(seen) == 100_000


# Store


@covers("store-enumeration")
def enumeration(gate: GatewayFixture) -> None:
    with sqlite3.connect(gate.folder / "var/ti.db") as reader:
        before = reader.execute("SELECT count(*) FROM session").fetchone()
        keys = [row[0].hex() for row in reader.execute("SELECT key FROM session LIMIT 3")]
    reader.close()
    for value in (
        *keys,
        "*" * 43,
        ":" * 43,
        "session:" + "*" * 35,
        "%0d%0aFLUSHALL",
        "' OR 1=1 --",
        "../" * 14 + "x",
    ):
        assert raw(gate, f"{COOKIE}={value}".encode()).status == 401
    with sqlite3.connect(gate.folder / "var/ti.db") as reader:
        assert reader.execute("SELECT count(*) FROM session").fetchone() == before
    reader.close()


@covers("store-tamper")
def swapped(gate: GatewayFixture) -> None:
    with somebody(gate) as one, somebody(gate) as two:
        tickets = [str(gate.ticket(one)), str(gate.ticket(two))]
    cipher = SessionCipher("ti", ((gate.folder / "secrets/ti/session.key").read_bytes(),))
    opened = [cipher.ticket(ticket) for ticket in tickets]
    keys = [ticket.key for ticket in opened]
    with contextlib.closing(sqlite3.connect(gate.folder / "var/ti.db")) as store:

        def sealed(number: int) -> bytes:
            return bytes(
                store.execute("SELECT sealed FROM session WHERE key = ?", (keys[number],)).fetchone()[0]
            )

        mine, theirs = sealed(0), sealed(1)
        newer = cipher.seal(opened[0], b'{"form":99}')
        for value in (
            theirs,
            b"",
            b"garbage",
            b"\x02" + mine[1:],
            mine[:-1],
            mine + b"\0",
            newer,
            bytes(len(mine)),
        ):
            store.execute("UPDATE session SET sealed = ? WHERE key = ?", (value, keys[0]))
            store.commit()
            gate.clock.ahead += 2
            assert status(gate, tickets[0]) == 401
        store.execute("UPDATE session SET sealed = ? WHERE key = ?", (mine, keys[0]))
        store.commit()
    assert status(gate, tickets[0]) == 200


@covers("store-cancel")
def cancelled(gate: GatewayFixture) -> None:
    async def work(url: str) -> int:
        store = RedisStore(SharedStore(url, None, ""), environment="ti", clock=time.time)
        await store.start()
        for number in range(8):
            key = bytes([number]) * 32
            await store.put(StoredSession(key, key, 0.0, time.time(), time.time() + 60, b"s", b"o"))
        cancels = 0
        for turn in range(500):
            tasks = [asyncio.create_task(store.get(bytes([at % 8]) * 32)) for at in range(24)]
            for _ in range(turn % 5):
                await asyncio.sleep(0)
            for at, task in enumerate(tasks):
                if at != turn % 24:
                    cancels += task.cancel()
            for at, found in enumerate(await asyncio.gather(*tasks, return_exceptions=True)):
                assert isinstance(found, asyncio.CancelledError) or (
                    found is not None and found.key == bytes([at % 8]) * 32
                )  # type: ignore[union-attr]
        await store.aclose()
        return cancels

    with tempfile.TemporaryDirectory(prefix="gw-redis-") as place, running_redis(Path(place)) as server:
        assert asyncio.run(work(server.url)) >= 10_000


# Caches


@covers("cache-decision-key")
def decisions(gate: GatewayFixture) -> None:
    with somebody(gate) as browser:
        assert browser.call("/read/1").status_code == 200
        assert browser.request("DELETE", "/read/1", headers=CALL).status_code == 403
        assert browser.call("/read/1?x=DELETE").status_code == 200
        assert browser.call("/read/1", host="evil.test").status_code == 400
        assert browser.call("/filed/1").status_code == 200
        rights, gate.op.claims["ovam_rol_3d"] = gate.op.claims["ovam_rol_3d"], []
        with somebody(gate) as other:
            assert other.call("/filed/1").status_code == 403
        gate.op.claims["ovam_rol_3d"] = rights
        assert browser.call("/filed/1").status_code == 200
    assert httpx2.get(f"{gate.url}/filed/1", headers=CALL, trust_env=False).status_code == 401


@covers("cache-http")
def not_stored(gate: GatewayFixture) -> None:
    with gate.browser() as browser:
        answers = [browser.page("/echo/app/x.css"), browser.call("/echo/app/x.css"), browser.log_in()]
        answers += [
            browser.request("DELETE", "/read/1", headers=CALL),
            browser.page("/oauth2/callback?state=x"),
        ]
        answers += [
            browser.page(f"/oauth2/{name}")
            for name in ("session", "userinfo", "access", "nothing", "sign_out")
        ]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store", answer.url


# Cross-site


@covers("csrf-unsafe")
def cross_site(gate: GatewayFixture) -> None:
    with gate.browser() as browser:
        done = browser.log_in()
    lines = [line for line in done.headers.get_list("set-cookie") if line.startswith(f"{COOKIE}=")]
    assert len(lines) == 1
    assert "; SameSite=Lax" in lines[0]


# Leaks and timing


@covers("token-leak-ui")
def leaks(gate: GatewayFixture) -> None:
    with somebody(gate) as browser:
        ticket = str(gate.ticket(browser))
        texts = [browser.call(f"/oauth2/{name}").text for name in ("session", "userinfo", "access")]
        texts += [
            browser.page(path).text
            for path in ("/oauth2/callback?code=the-code&state=x", "/oauth2/nothing", "/oauth2/access")
        ]
        texts.append(browser.request("DELETE", "/read/1", headers=CALL).text)
        texts.append(
            gate.gateway.areas.observers.metrics.exposition()[0].decode()
            if hasattr(gate.gateway.areas.observers.metrics, "exposition")
            else ""
        )
        referrer = browser.page("/oauth2/access").headers["referrer-policy"]
    assert referrer in ("same-origin", "no-referrer")
    for secret in (ticket, "the-code", "eyJ", *gate.op.refresh_tokens):
        assert not [text for text in texts if secret in text], secret


@covers("token-leak-log")
def logs(gate: GatewayFixture) -> None:
    upstream, ports = EchoUpstream(), []
    for _ in range(2):
        sock = free_socket()
        ports.append(sock.getsockname()[1])
        sock.close()
    url = f"http://localhost:{ports[0]}"
    with (
        tempfile.TemporaryDirectory() as place,
        provider_of() as op,
        serving(upstream.app, lifespan="off") as behind,
    ):
        folder = Path(place)
        environment = settings(
            folder, name="ti", gateway_url=url, acm_url="", upstream_url=behind.url, listen=f"127.0.0.1:{ports[0]}",
            provider=scripted_settings(folder, op), observe={"listen": f"127.0.0.1:{ports[1]}", "log_level": "debug"},
            session={"recheck": "1s"},
        )  # fmt: skip
        config = write_config(folder, {"ti": environment}, rules=OPEN_RULES)
        secrets: set[str] = set()
        with gateway_process(config, "ti", f"http://localhost:{ports[1]}/readyz"), Browser(url) as browser:
            done = browser.log_in()
            secrets.add(str(browser.cookies.get(COOKIE)))
            secrets |= set(op.refresh_tokens)
            time.sleep(1.1)
            assert browser.call("/echo/x").status_code == 200
            browser.page("/oauth2/callback?code=a-code-that-fails&state=some-state")
            begun = browser.page("/oauth2/start?rd=/echo/x")
            op.grants.clear()
            with httpx2.Client(trust_env=False) as there:
                back = there.get(begun.headers["location"])
            code = re.search(r"code=([^&]+)", back.headers["location"])
            op.grants.clear()
            browser.page(back.headers["location"])
            op.answers["token"] = lambda _form: (
                httpx2 and __import__("starlette.responses").responses.Response("x", 500)
            )
            browser.page("/oauth2/sign_out")
            assert code
            secrets |= {code[1], "a-code-that-fails", "some-state", *op.refresh_tokens, "eyJ"}
            for _, values in op.requests:
                secrets |= {
                    values[name]
                    for name in ("code", "code_verifier", "state", "nonce", "client_assertion")
                    if name in values
                }
            assert done.status_code == 302
        said = (folder / "gateway-ti.log").read_text() + (folder / "var/ti.jsonl").read_text()
    assert "login failed" in said
    assert not [secret for secret in secrets if secret in said]


@covers("timing-secret")
def timing(gate: GatewayFixture) -> None:
    import gateway.auth.flow
    import gateway.auth.logout
    import gateway.auth.tokens
    import gateway.endpoints.kept_forms

    for module in (gateway.auth.flow, gateway.auth.logout, gateway.auth.tokens, gateway.endpoints.kept_forms):
        source = Path(str(module.__file__)).read_text()
        assert "compare_digest" in source
        assert not re.search(
            r"(state|token|secret|digest)\s*[!=]= *(given|state|token|secret|digest)\b", source
        )
    # An unknown ticket, and one that is known, take the same path: a look at a hash in the store.
    assert status(gate, new_ticket()) == 401
