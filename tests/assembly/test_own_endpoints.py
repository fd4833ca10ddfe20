"""Which endpoints an environment has."""

from __future__ import annotations

from gateway.assembly.areas import areas
from gateway.assembly.stages import stages
from tests.assembly.conftest import SIGNALS, Made


def test_signals_are_taken_only_where_somebody_may_send_them(made: Made) -> None:
    def paths(**changes: object) -> set[str]:
        environment = made(**changes)
        return set(stages(environment, areas(environment)).pipeline.route.endpoints.paths)

    assert "/oauth2/callback" in paths()
    assert paths(signals=SIGNALS) - paths() == {"/oauth2/signals"}
