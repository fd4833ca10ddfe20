"""Two machines of one environment, as operators run them: a folder each, one address, one Redis, one register."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.auth.scripted_provider import ScriptedProvider
from tests.forked import Child
from tests.gateway_fixture import OPEN_RULES, EchoUpstream, scripted_provider, scripted_settings
from tests.gateways import settings, write_config
from tests.processes import gateway_process
from tests.redis_server import running_redis
from tests.running import kept_ports, serving


@dataclass(frozen=True)
class Machines:
    """Their configurations, and what they share. `ports`: where each serves, then where each is observed."""

    op: ScriptedProvider
    register: EchoUpstream
    configs: list[Path]
    ports: list[int]
    stack: contextlib.ExitStack

    def start(self, which: int) -> Child:
        """The gateway of one of them, until the end of all."""
        ready = f"http://localhost:{self.ports[2 + which]}/readyz"
        return self.stack.enter_context(gateway_process(self.configs[which], "ti", ready))


@contextlib.contextmanager
def two_machines(
    place: Path, *, provider: Mapping[str, Any], session: Mapping[str, Any] | None = None, **changes: Any
) -> Iterator[Machines]:
    """Neither is started. `provider`, `session` and `changes` are settings beside the usual ones; without a `session`
    they share a Redis of their own.
    """
    upstream = EchoUpstream()
    with (
        kept_ports(4) as ports,
        tempfile.TemporaryDirectory(prefix="gw-redis-") as data,
        scripted_provider() as op,
        serving(upstream.app, lifespan="off") as behind,
        contextlib.ExitStack() as stack,
    ):
        if session is None:
            session = {"store": stack.enter_context(running_redis(Path(data))).url}
        configs = []
        for which in range(2):
            folder = place / str(which)
            folder.mkdir()
            environment = settings(
                folder, name="ti", gateway_url=f"http://localhost:{ports[0]}", acm_url="", upstream_url=behind.url,
                provider=scripted_settings(folder, op, **provider), listen=f"127.0.0.1:{ports[which]}",
                observe={"listen": f"127.0.0.1:{ports[2 + which]}"}, session=dict(session), **changes,
            )  # fmt: skip
            configs.append(write_config(folder, {"ti": environment}, rules=OPEN_RULES))
        yield Machines(op, upstream, configs, ports, stack)
