"""Fixtures that every area shares."""

from __future__ import annotations

import gc
import logging
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest
from blockbuster import blockbuster_ctx
from hypothesis import settings

from tests.auth.scripted_provider import ScriptedProvider
from tests.browsers import FLAGS, headless_chromium
from tests.cases import plugin
from tests.gateway_fixture import GatewayFixture, Stage, StillClock, whole_gateway
from tests.hurry import hurry
from tests.leaks import LeakWatch
from tests.running import serving
from tests.trials import fork_trials

if TYPE_CHECKING:
    from playwright.async_api import Browser

# How long an example takes depends on what else the machine does: nothing that a test should judge.
# More examples by hand: --hypothesis-profile=default.
settings.register_profile("steady", deadline=None, max_examples=40)
settings.load_profile("steady")

# Of two workers, one would be idle at the end while the other begins with these.
_LONGEST_FIRST = (
    "tests/engines/",
    "tests/cli/test_reload.py",
    "tests/docs/test_tasks.py",
    "tests/e2e/",
    "tests/cli/test_block.py",
    "tests/endpoints/test_bar_browser.py",
    "tests/fronts/",
    "tests/pages/test_walk.py",
    "tests/cli/test_serve.py",
    "tests/cli/test_restart",
    "tests/session/test_failover.py",
    "tests/session/test_key_rotation.py",
    "tests/docs/",
    "tests/cli/",
    "tests/policy/test_advice.py",
    "tests/fuzz/",
    "tests/mistakes/",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """What `make test` asks for."""
    parser.addoption("--fail-on-leaks", action="store_true", help="fail a run that logs secrets")
    plugin.add_option(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Run the cases of a folder, with short pauses; watch over what the tests log, in the process that reports."""
    plugin.configure(config)
    hurry()
    fork_trials()
    config.pluginmanager.register(plugin, "cases")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(LeakWatch(fails=config.getoption("--fail-on-leaks")), "leaks")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest modules first; the modules of a folder stay together, with the fixtures that they share."""

    def place(item: pytest.Item) -> int:
        found = (at for at, name in enumerate(_LONGEST_FIRST) if item.nodeid.startswith(name))
        return next(found, len(_LONGEST_FIRST))

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """All tests are there, and stay: collections of garbage need not look through them each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def nothing_blocks_the_event_loop() -> Iterator[None]:
    """Disk and other waiting on the event loop raises BlockingError, whichever test the gateway serves.

    Before it serves, while it starts, it may read its keys and its configuration.
    """
    with blockbuster_ctx("gateway") as blocking:
        for call in blocking.functions.values():
            call.can_block_in("gateway/settings.py", "read")
            call.can_block_in("gateway/auth/client_keys.py", "client_keys")
            call.can_block_in("gateway/config/load.py", "load")
        yield


@pytest.fixture(autouse=True, scope="session")
def logs_after_a_test_go_nowhere() -> None:
    """A server that outlives a test logs to the stream that pytest took away with it: no reason to print its source."""
    logging.raiseExceptions = False


@pytest.fixture(autouse=True, scope="session")
def parsers_say_nothing() -> None:
    """A gateway of a test may log all there is; the parser of pages then has words for each line, which pytest keeps."""
    logging.getLogger("markdown_it").setLevel(logging.WARNING)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
async def browser(anyio_backend: str) -> AsyncIterator[Browser]:
    """One Chromium for all tests of a worker; each test opens a context of its own."""
    path = headless_chromium()
    from playwright.async_api import async_playwright, expect

    expect.set_options(timeout=60_000)
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        await started.close()


@pytest.fixture(scope="session")
def stage() -> Iterator[tuple[Stage, str]]:
    found = Stage()
    with serving(found, lifespan="off") as running:
        yield found, running.url


@pytest.fixture(scope="module")
def gateway_of_module(
    request: pytest.FixtureRequest, stage: tuple[Stage, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayFixture]:
    """One gateway for a module, as its `make_whole` says: starting one takes longer than most tests."""
    clock = StillClock()
    provider = ScriptedProvider(clock=clock, issuer=f"{stage[1]}/op")
    made = getattr(request.module, "make_whole", whole_gateway)
    with made(tmp_path_factory.mktemp("whole"), provider, clock) as found:
        yield found


@pytest.fixture
def whole(gateway_of_module: GatewayFixture, stage: tuple[Stage, str]) -> GatewayFixture:
    """The gateway of the module, long after the last test: nothing that was remembered holds any more."""
    found = gateway_of_module
    found.op.forget()
    found.op.clock = found.clock
    found.clock.now += 100_000
    found.upstream.received.clear()
    stage[0].app = found.op.app
    return found
