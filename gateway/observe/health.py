"""What the operators' listener answers: whether the process is alive, whether it can serve, and its metrics."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from gateway.observe.masking import clean
from gateway.observe.metrics import Metrics
from gateway.responses import Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class HealthStatus:
    """What a check found. `detail` is text for operators, without secrets.

    Degraded: requests are answered, but something does not work as it should, and an operator should look at it.
    """

    ready: bool
    detail: str = ""
    degraded: bool = False


Check = Callable[[], Awaitable[HealthStatus]]

# /ping and /ready are those of oauth2-proxy. This listener opens when the start is complete, so that whoever gets an answer
# knows that.
_ALIASES: Final = {"/ping": "/healthz", "/ready": "/readyz", "/startupz": "/healthz"}
_TYPE_JSON: Final = "application/json"
_TYPE_TEXT: Final = "text/plain; charset=utf-8"


class Health:
    """An ASGI app with /healthz, /readyz, /startupz and /metrics. `look` gives what each check says, by its name.

    /readyz is 503 only where a check is not ready. With `?strict` it is also 503 where one is degraded: for balancers that
    go on with all servers when none is left.
    """

    def __init__(self, metrics: Metrics, look: Callable[[], Awaitable[Mapping[str, HealthStatus]]]) -> None:
        self._metrics = metrics
        self._look = look

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        accept = b",".join(value for name, value in scope["headers"] if name == b"accept").decode("latin-1")
        status, kind, body = await self._answer(
            scope["method"], scope["path"], accept, strict=scope.get("query_string") == b"strict"
        )
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

    async def _answer(self, method: str, path: str, accept: str, *, strict: bool) -> tuple[int, str, bytes]:
        known: Mapping[str, Callable[[], Awaitable[tuple[int, str, bytes]]]] = {
            "/healthz": self._alive,
            "/readyz": partial(self._ready, strict=strict),
            "/metrics": partial(self._numbers, accept),
        }
        answer = known.get(_ALIASES.get(path, path))
        if answer is None:
            return 404, _TYPE_TEXT, b"not found; there are /healthz, /readyz, /startupz and /metrics\n"
        if method not in ("GET", "HEAD"):
            return 405, _TYPE_TEXT, b"only GET and HEAD\n"
        return await answer()

    async def _alive(self) -> tuple[int, str, bytes]:
        return 200, _TYPE_TEXT, b"ok\n"

    async def _ready(self, *, strict: bool) -> tuple[int, str, bytes]:
        statuses = await self._look()
        ready = all(status.ready for status in statuses.values())
        degraded = [name for name, status in statuses.items() if status.degraded]
        body = {
            "ready": ready,
            "degraded": degraded,
            "checks": {
                name: {"ready": status.ready, "degraded": status.degraded, "detail": clean(status.detail)}
                for name, status in statuses.items()
            },
        }
        fine = ready and not (strict and degraded)
        return 200 if fine else 503, _TYPE_JSON, json.dumps(body).encode() + b"\n"

    async def _numbers(self, accept: str) -> tuple[int, str, bytes]:
        self._metrics.hand_over()
        text, kind = await asyncio.to_thread(self._metrics.exposition, accept)
        return 200, kind, text
