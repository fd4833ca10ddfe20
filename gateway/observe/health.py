"""What the operators' listener answers: whether the process is alive, whether it can serve, and its metrics."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from gateway.observe.masking import clean
from gateway.observe.metrics import Metrics

log = structlog.get_logger()

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class HealthStatus:
    """What a check found. `detail` is text for operators, without secrets."""

    ready: bool
    detail: str = ""


Check = Callable[[], Awaitable[HealthStatus]]

# /ping and /ready are those of oauth2-proxy. This listener opens when the start is complete, so that whoever gets an answer
# knows that.
_ALIASES: Final = {"/ping": "/healthz", "/ready": "/readyz", "/startupz": "/healthz"}
_TYPE_JSON: Final = "application/json"
_TYPE_TEXT: Final = "text/plain; charset=utf-8"


class Health:
    """An ASGI app with /healthz, /readyz, /startupz and /metrics; `checks`, by name, say whether this process can serve.

    A check that raises or takes longer than `timeout` seconds counts as not ready.
    """

    def __init__(self, metrics: Metrics, checks: Mapping[str, Check], *, timeout: float = 2.0) -> None:
        self._metrics = metrics
        self._checks = dict(checks)
        self._timeout = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status, kind, body = await self._answer(scope["method"], scope["path"])
        headers = [
            (b"content-type", kind.encode("ascii")),
            (b"content-length", str(len(body)).encode("ascii")),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        if status == 405:
            headers.append((b"allow", b"GET, HEAD"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _answer(self, method: str, path: str) -> tuple[int, str, bytes]:
        known = {"/healthz": self._alive, "/readyz": self._ready, "/metrics": self._numbers}.get(
            _ALIASES.get(path, path)
        )
        if known is None:
            return 404, _TYPE_TEXT, b"not found; there are /healthz, /readyz, /startupz and /metrics\n"
        if method not in ("GET", "HEAD"):
            return 405, _TYPE_TEXT, b"only GET and HEAD\n"
        return await known()

    async def _alive(self) -> tuple[int, str, bytes]:
        return 200, _TYPE_TEXT, b"ok\n"

    async def _ready(self) -> tuple[int, str, bytes]:
        found = await asyncio.gather(*(self._ask(name, check) for name, check in self._checks.items()))
        statuses = dict(zip(self._checks, found, strict=True))
        ready = all(status.ready for status in found)
        body = {
            "ready": ready,
            "checks": {
                name: {"ready": status.ready, "detail": clean(status.detail)}
                for name, status in statuses.items()
            },
        }
        return 200 if ready else 503, _TYPE_JSON, json.dumps(body).encode() + b"\n"

    async def _numbers(self) -> tuple[int, str, bytes]:
        self._metrics.hand_over()
        text, kind = await asyncio.to_thread(self._metrics.exposition)
        return 200, kind, text

    async def _ask(self, name: str, check: Check) -> HealthStatus:
        try:
            return await asyncio.wait_for(check(), self._timeout)
        except TimeoutError:
            return HealthStatus(False, "no answer in time")
        except Exception as problem:  # noqa: BLE001 - whatever goes wrong, the answer is "not ready"
            log.warning("a readiness check failed", check=name, error=repr(problem))
            return HealthStatus(False, f"failed: {type(problem).__name__}")
