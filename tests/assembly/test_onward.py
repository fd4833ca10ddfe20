"""The way to the register."""

from __future__ import annotations

from gateway.assembly.areas import areas
from gateway.assembly.onward import attach, forward
from gateway.assembly.stages import stages
from gateway.pipeline.insert_bar import ForwardWithBar
from tests.assembly.conftest import MACHINES, Made


def test_each_upstream_has_a_way_of_its_own(made: Made) -> None:
    environment = made(upstreams={"reports": {"url": "http://localhost:10"}})
    parts = areas(environment)
    found = forward(environment, parts, stages(environment, parts).streams)
    assert set(found.forwarders) == {"default", "reports"}
    assert found.forwarders["reports"].upstream is parts.register.upstreams.by_name["reports"]


def test_the_bar_is_inserted_where_the_settings_say_so(made: Made) -> None:
    environment = made(session_bar={"inject": True})
    parts = areas(environment)
    assert isinstance(forward(environment, parts, stages(environment, parts).streams), ForwardWithBar)


def test_what_a_program_proves_with_goes_on_only_where_the_settings_say_so(made: Made) -> None:
    for changes, goes_on in (
        ({}, True),
        ({"machines": MACHINES}, False),
        ({"machines": MACHINES | {"forward_authorization": True}}, True),
    ):
        environment = made(**changes)
        assert attach(environment, areas(environment))._pass_token is goes_on
