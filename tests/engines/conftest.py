"""One browser of each engine for all tests of a worker, and the gateways that they visit."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.engines.start import ENGINES
from tests.engines.window import Window


@pytest.fixture(scope="package", params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """A window of one engine: starting one takes longer than most tests."""
    for noisy in ("selenium", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)  # they would log each address, with its codes
    with ENGINES[request.param](tmp_path_factory.mktemp(request.param)) as driver:
        driver.set_window_size(1100, 900)
        driver.set_page_load_timeout(30)
        yield Window(driver, request.param)
