"""Where requests come in."""

from __future__ import annotations

from gateway.assembly.areas import areas
from gateway.assembly.doors import doors
from gateway.assembly.environment import Environment
from gateway.assembly.stages import stages
from gateway.pipeline.front import FrontApp
from gateway.pipeline.traced import TracedApp
from tests.assembly.conftest import Made

FRONT = {"web": {"dialect": "nginx", "listen": "127.0.0.1:0", "peers": ["127.0.0.1/32"]}}


def test_each_front_has_a_door_of_its_own(made: Made) -> None:
    environment = made(fronts=FRONT)
    parts = areas(environment)
    pipeline = stages(environment, parts).pipeline
    found = doors(environment, parts, pipeline)
    assert found.handle is pipeline
    assert found.prompt.pipeline is pipeline
    assert isinstance(found.fronts["web"], FrontApp)


def test_all_doors_are_traced_where_requests_are(made: Made) -> None:
    environment: Environment = made(
        fronts=FRONT, observe={"tracing": {"otlp": "http://localhost:4318", "sample": 1.0}}
    )
    parts = areas(environment)
    found = doors(environment, parts, stages(environment, parts).pipeline)
    assert isinstance(found.handle, TracedApp)
    assert isinstance(found.fronts["web"], TracedApp)
