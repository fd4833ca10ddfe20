"""The stages use the areas of one environment, and no others."""

from __future__ import annotations

from gateway.assembly.areas import areas
from gateway.assembly.stages import stages
from gateway.pipeline.judge import Judge, RecordedJudge
from tests.assembly.conftest import Made


def test_all_stages_see_the_same_rules_streams_and_record(made: Made) -> None:
    environment = made()
    parts = areas(environment)
    found = stages(environment, parts)
    pipeline = found.pipeline
    assert pipeline.judge.authorize.rules() is parts.rules.reload.rules()
    assert pipeline.forward.streams is found.streams
    assert pipeline.websocket.record is pipeline.record
    assert pipeline.clock is environment.clock
    assert pipeline.refuse.responses is found.answers


def test_requests_that_cannot_be_recorded_are_refused_where_the_settings_say_so(made: Made) -> None:
    for policy, kind in (("deny", RecordedJudge), ("continue", Judge)):
        environment = made(observe={"records_when_full": policy})
        assert type(stages(environment, areas(environment)).pipeline.judge) is kind
