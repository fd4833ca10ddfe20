"""A gate for a module of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.edge.refusals import Refusals
from tests.edge.listening import Application, listening
from tests.running import Running


@pytest.fixture(scope="module")
def gate() -> Iterator[tuple[Running, Application, Refusals]]:
    with listening() as running:
        yield running
