"""What the metrics read when they are asked: how full an environment is, and what of it expires."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from gateway.assembly.areas import Areas
from gateway.assembly.environment import Environment
from gateway.edge.listener import Listener
from gateway.key_files.keyring import PURPOSES, Purpose
from gateway.observe.expiry import Watched
from gateway.observe.saturation import ListenerUse, PoolUse


@dataclass(frozen=True, slots=True)
class Use:
    """How full it is. `listeners` are those that serve it, by name, as they are opened."""

    areas: Areas
    listeners: Mapping[str, Listener]

    def upstream_use(self) -> Mapping[str, PoolUse]:
        """How many connections each upstream has, and may have."""
        return {
            name: PoolUse(
                sum(pool.in_use for pool in each.pools),
                sum(pool.open_connections - pool.in_use for pool in each.pools),
                sum(pool.waiting for pool in each.pools),
                len(each.pools) * each.settings.max_connections,
            )
            for name, each in self.areas.register.upstreams.by_name.items()
        }

    def listener_use(self) -> Mapping[str, ListenerUse]:
        """How many connections of clients each listener has, and may have."""
        return {
            name: ListenerUse(len(each.connections), each.connections.most, len(each.turns))
            for name, each in self.listeners.items()
        }

    def records_waiting(self) -> int:
        """Decision records that are not written yet."""
        return self.areas.observers.records.waiting

    def rechecks_running(self) -> int:
        """Sessions about which the provider is being asked."""
        return self.areas.people.rechecks.running


def watched(environment: Environment) -> Watched:
    """What expires, or gets old."""
    settings = environment.settings
    upstreams = settings.every_upstream.items()
    authorities = {f"{name} ca": each.tls.ca for name, each in upstreams}
    authorities |= {"store ca": settings.session.store_authority, "proxy ca": settings.egress.ca}

    def made(purpose: Purpose) -> float | None:
        return settings.ring(purpose).read()[0].created

    return Watched(
        {name: each.tls.certificate for name, each in upstreams if each.tls.certificate is not None},
        {name: path for name, path in authorities.items() if path is not None},
        {purpose: partial(made, purpose) for purpose in PURPOSES},
    )
