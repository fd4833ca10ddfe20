"""What an evaluation costs beside an embedded decision: `python -m benchmarks.authzen [RULES]`.

The same request of one session, allowed. *Embedded*: admission, session, rules, headers for the register and record, as a
request has them before it is sent on. *Evaluation*: message, assertion, admission, session, rules, record and the answer, as
plain data; one by one, and fifty in a question. Over HTTP, both ends: evaluations, and questions as long that are refused
once they are read.
"""

from __future__ import annotations

import asyncio
import json
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmarks.decide import _SOMEBODY
from benchmarks.rules import rule_file
from gateway.app import Gateway
from gateway.authzen.authorization_api import AuthzenRequest
from gateway.authzen.callers import CallingProgram
from gateway.config import load
from gateway.exchange import Exchange
from tests.keys import client_keys, ec_key

_ROUNDS, _REPEAT = 15, 300
_TOKEN = "a-token-for-measurements-and-nothing-else"
_PATH = "/dienst0/onderdeel0/lijst/1"
_PLAIN = "/access/v1/evaluation"


def _gateway(folder: Path, rules: int, sock: socket.socket) -> Gateway:
    path = rule_file(folder, rules)
    keys = {"session.key": b"k" * 48, "assertion.pem": ec_key("ti"), "client.pem": client_keys("ti")[0]}
    for name, content in {**keys, "pdp.token": _TOKEN.encode()}.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)
    address = f"127.0.0.1:{sock.getsockname()[1]}"
    section = f"    authzen: {{listen: '{address}', url: 'https://pdp.test', callers: {{register: {{bearer: ['file:pdp.token']}}}}}}\n"
    text = path.read_text()
    section += f"    observe: {{records: 'file:{folder}/records.jsonl', log_level: error}}\n"
    mark = "    upstream:"
    text = text.replace("key: file:client.pem", "key: file:client.pem, algorithm: ES256")
    path.write_text(text.replace(mark, section + mark, 1))
    return Gateway(load(path), "ti", authzen_socket=sock)


async def _microseconds(one: Callable[[], Awaitable[Any]], repeat: int = _REPEAT) -> float:
    """The median over rounds of the mean processor time of one."""
    times = []
    for _ in range(_ROUNDS):
        start = time.process_time_ns()
        for _ in range(repeat):
            await one()
            # Records are made between requests.
            await asyncio.sleep(0)
        times.append((time.process_time_ns() - start) / repeat / 1000)
    return statistics.median(times)


class _Client:
    """One connection that stays open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, head: str, body: bytes, *, status: int = 200) -> bytes:
        lines = f"{head} HTTP/1.1\r\nHost: pdp.test\r\nAuthorization: Bearer {_TOKEN}\r\n"
        lines += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._writer.write(lines.encode() + b"\r\n" + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 %d" % status):
            raise RuntimeError(answer.decode())
        length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return await self._reader.readexactly(int(length.partition(b":")[2]))


async def _measure(gateway: Gateway, port: int) -> None:
    desk = gateway.decisions
    assert desk is not None
    session, ticket = await gateway.areas.people.sessions.create(_SOMEBODY)
    assertion = gateway.areas.register.assertions.sign(_SOMEBODY, session.id, session=session.id)
    public = gateway.settings.public_url.partition("://")[2].encode()
    cookie = f"{gateway.areas.people.sessions.cookie_name}={ticket}".encode()
    scope = {
        "type": "http", "method": "GET", "http_version": "1.1", "path": _PATH, "raw_path": _PATH.encode(), "query_string": b"",
        "raw_target": _PATH.encode(), "headers": [(b"host", public), (b"cookie", cookie), (b"accept", b"*/*")],
        "client": ("192.0.2.1", 1),
    }  # fmt: skip
    pipeline = gateway.stages.pipeline

    async def nothing(*_: Any) -> Any:
        return None

    async def embedded() -> None:
        gateway.areas.observers.metrics.started()
        exchange = Exchange(scope, nothing, nothing, pipeline.clock())
        pipeline.admit(exchange)
        if not pipeline.route.goes_on(exchange) or not pipeline.judge.at_once(exchange):
            raise RuntimeError("not allowed")
        pipeline.attach(exchange)
        exchange.status = 200
        pipeline.record(exchange)

    subject = {"type": "session", "id": assertion}
    one = {"resource": {"type": "path", "id": _PATH}}
    question = {"subject": subject, "action": {"name": "GET"}, "context": {"ip": "192.0.2.1"}, **one}
    body, fifty = json.dumps(question).encode(), json.dumps({**question, "evaluations": [one] * 50}).encode()

    asker = (
        CallingProgram("register", gateway.settings.authzen.callers["register"])
        if gateway.settings.authzen
        else None
    )
    assert asker is not None
    asked, several = (AuthzenRequest(asker, "", "", json.loads(content)) for content in (body, fifty))

    ours = await _microseconds(embedded)
    theirs = await _microseconds(lambda: desk.evaluations.evaluate(asked))
    many = await _microseconds(lambda: desk.evaluations.evaluate_all(several), 20) / 50
    print(f"embedded decision              {ours:7.1f} us")
    print(f"evaluation                     {theirs:7.1f} us  {theirs / ours:.2f} x embedded")
    print(f"evaluation, one of fifty       {many:7.1f} us  {many / ours:.2f} x embedded")
    client = _Client(*await asyncio.open_connection("127.0.0.1", port))
    # As long, read and parsed as well, and answered as soon as that shows that nothing is asked.
    plain = await _microseconds(
        lambda: client.ask(f"POST {_PLAIN}", body[:-1] + b',"subject":1}', status=400)
    )
    whole = await _microseconds(lambda: client.ask(f"POST {_PLAIN}", body))
    print(f"HTTP and JSON alone            {plain:7.1f} us")
    print(f"evaluation over HTTP           {whole:7.1f} us  HTTP + {(whole - plain) / ours:.2f} x embedded")


async def _run(rules: int) -> None:
    with tempfile.TemporaryDirectory() as folder, socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        gateway = await asyncio.to_thread(_gateway, Path(folder), rules, sock)
        async with gateway.running():
            await _measure(gateway, sock.getsockname()[1])


def main() -> None:
    """Print what an evaluation costs, by this many rules (100)."""
    asyncio.run(_run(int(sys.argv[1]) if len(sys.argv) > 1 else 100))


if __name__ == "__main__":
    main()
