"""What operators order, and the processes and environments that must agree on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.assembly.environment import Environment
from gateway.assembly.rules import Rules
from gateway.blocks.blocks import Blocks
from gateway.fleet.comparison import Fleet, fleet_report
from gateway.fleet.neighbours import Neighbours
from gateway.fleet.orders import Orders
from gateway.observe.decision_record import person_names
from gateway.reload.emergency import EMERGENCY, Emergencies
from gateway.reload.maintenance import NAME as MAINTENANCE
from gateway.reload.maintenance import Maintenances
from gateway.session.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Operations:
    """`orders` brings blocks, openings and maintenance here from the session store, and ends sessions."""

    blocks: Blocks
    emergencies: Emergencies
    maintenance: Maintenances
    orders: Orders
    fleet: Fleet
    neighbours: Neighbours


def operations(environment: Environment, rules: Rules, sessions: Sessions) -> Operations:
    """Makes what operators order in this environment, and what must agree with others."""
    config, name, events = environment.config, environment.name, environment.events
    clock, steady, board, reload = environment.clock, environment.steady, sessions.board, rules.reload
    blocks = Blocks(
        environment.settings.blocks,
        config.blocks_file(name),
        environment=name,
        keys=environment.settings.ring("pseudonyms").read,
        names=lambda keys: person_names(keys, name),
        clock=clock,
        on_event=events,
    )
    emergencies = Emergencies.of(config, name, reload, board, clock, steady, events)
    maintenance = Maintenances.of(config, name, reload, board, clock, events)
    shared = (
        emergencies.shared(config.orders_copy(name, EMERGENCY)),
        maintenance.shared(config.orders_copy(name, MAINTENANCE)),
    )

    def told() -> Mapping[str, str]:
        current = reload.config
        return fleet_report(current.rules[name].hash, current.policy_code, environment.settings_hash)

    fleet = Fleet(sessions, told, clock=clock, steady=steady, on_event=events)
    orders = Orders(
        sessions,
        blocks,
        copy=config.blocks_copy(name),
        look_every=environment.settings.blocks.look_every,
        clock=clock,
        steady=steady,
        on_event=events,
        more=shared,
        about=fleet.about,
    )
    neighbours = Neighbours(config, name, sessions.store, clock=clock, on_event=events)
    return Operations(blocks, emergencies, maintenance, orders, fleet, neighbours)
