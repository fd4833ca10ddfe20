"""Which keys follow their files, and who uses them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.assembly.areas import Areas
from gateway.assembly.environment import Environment
from gateway.auth.settings import PrivateKeyJwt
from gateway.decision_point.server import DecisionPointServer
from gateway.key_files.keyring import Key, Purpose
from gateway.observe.decision_record import person_names
from gateway.reload.keys import KeyReload, KeySource, RingSource


def keys(environment: Environment, areas: Areas, decisions: DecisionPointServer | None) -> KeyReload:
    """Makes what reloads the keys of this environment."""
    settings, login = environment.settings, areas.people.login
    assertions = areas.register.assertions
    sources: dict[str, KeySource] = {
        **_rings(environment, areas, decisions),
        "assertion": KeySource(settings.assertion.paths, assertions.read_keys, settings.assertion.announce),
    }
    asking = areas.people.machines.client if areas.people.machines is not None else None
    others = [asking] if asking is not None else []
    if isinstance(settings.provider.client_auth, PrivateKeyJwt):
        announced = settings.provider.client_auth.announce or 0.0
        sources["client"] = KeySource(login.client.paths, login.client.read_keys, announced)
    else:
        others.append(login.client)
    askers = (decisions.callers,) if decisions is not None else ()
    read_again = (
        *((each.paths, each.load) for each in others),
        *((each.paths, each.read) for each in areas.register.credentials.values()),
        *((each.paths, each.read) for each in askers),
    )
    return KeyReload(
        sources,
        areas.people.sessions.store,
        read_again,
        clock=environment.clock,
        on_event=environment.events,
    )


def _rings(
    environment: Environment, areas: Areas, decisions: DecisionPointServer | None
) -> dict[str, KeySource]:
    people, records, blocks = areas.people, areas.observers.records, areas.operations.blocks

    def sessions(keys: Sequence[Key]) -> None:
        people.sessions.use_keys(_octets(keys))
        for tags in areas.register.session_tags.values():
            tags.use_keys(_octets(keys))

    def flows(keys: Sequence[Key]) -> None:
        people.login.use_keys(_octets(keys))
        if decisions is not None:
            decisions.tokens.use_keys(_octets(keys))

    def pseudonyms(keys: Sequence[Key]) -> None:
        records.use_keys(_octets(keys))
        blocks.use_keys(keys)
        people.sessions.summaries.use_names(person_names(keys, environment.name))

    def ring(purpose: Purpose, use: Callable[[Sequence[Key]], None]) -> KeySource:
        return RingSource(environment.settings.ring(purpose), use)

    return {
        "sessions": ring("sessions", sessions),
        "flows": ring("flows", flows),
        "pseudonyms": ring("pseudonyms", pseudonyms),
        "records": ring("records", records.use_sealing),
    }


def _octets(keys: Sequence[Key]) -> Sequence[bytes]:
    return [key.octets for key in keys]
