"""The whole demonstration and a real browser. `SCREENSHOTS=FOLDER` writes pictures there, for people to look at."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

ROOT = Path(__file__).parent.parent.parent
_PATIENCE = 180.0
Picture = Callable[[Page, str], Awaitable[None]]


def _processor_time(pid: int) -> float:
    """Seconds that a process used, with all that it started."""
    known: dict[int, tuple[int, float]] = {}
    for each in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            rest = each.read_text().rpartition(")")[2].split()
            known[int(each.parent.name)] = int(rest[1]), sum(map(int, rest[11:15])) / os.sysconf("SC_CLK_TCK")
    family, size = {pid}, 0
    while len(family) > size:
        size = len(family)
        family |= {child for child, (parent, _) in known.items() if parent in family}
    return sum(known[each][1] for each in family)


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[float]:
    """`python -m simulator demo` in a folder of its own; gives the seconds of processor time until it was ready."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copy(ROOT / "config.yaml", folder)
    (folder / "plugins").symlink_to(ROOT / "plugins")
    said = folder / "demo.log"
    started = time.monotonic()
    with said.open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "simulator", "demo"], cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        while "Stop: Ctrl-C" not in said.read_text():
            if child.poll() is not None or time.monotonic() - started > _PATIENCE:
                pytest.fail("the demonstration did not start:\n" + said.read_text())
            time.sleep(0.02)
        yield _processor_time(child.pid)
    finally:
        child.send_signal(signal.SIGINT)
        ended = child.wait(30)
    assert ended == 0, said.read_text()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(locale="nl-BE", viewport={"width": 1100, "height": 900})
    found = await context.new_page()
    found.set_default_timeout(60_000)
    yield found
    await context.close()


@pytest.fixture
def picture() -> Picture:
    """Takes a picture of the whole page under this name, where somebody wants one."""

    async def take(page: Page, name: str) -> None:
        if folder := os.environ.get("SCREENSHOTS"):
            await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    return take
