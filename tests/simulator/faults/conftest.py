"""A running ACM without clients: enough to switch its faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator.acm.app import create_acm
from simulator.acm.state import AcmState
from simulator.data.seed import load_people
from simulator.run import bind, url_of
from tests.running import serving


@pytest.fixture(scope="module")
def acm() -> Iterator[AcmState]:
    sock, people = bind(0), load_people()
    state = AcmState("ti", url_of(sock), (), lambda: people)
    with serving(create_acm(state), sock=sock, lifespan="off"):
        yield state
