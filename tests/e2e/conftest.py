"""The whole demonstration and a real browser. Screenshots go to `screenshots/`, for people to look at."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parent.parent.parent
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs a browser: install chromium")
        pytest.skip("no Chromium on this machine")
    return found


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[float]:
    """`python -m simulator demo` in a folder of its own; gives the seconds that it took to be ready."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copy(ROOT / "config.yaml", folder)
    (folder / "plugins").symlink_to(ROOT / "plugins")
    started = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "simulator", "demo"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    lines: list[str] = []
    assert child.stdout is not None
    for line in child.stdout:
        lines.append(line)
        if "Stop: Ctrl-C" in line:
            break
    else:
        pytest.fail("the demonstration did not start:\n" + "".join(lines))
    yield time.monotonic() - started
    child.send_signal(signal.SIGINT)
    assert child.wait(30) == 0
    child.stdout.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="nl-BE", viewport={"width": 1100, "height": 900})
    found = context.new_page()
    found.set_default_timeout(10_000)
    yield found
    context.close()


@pytest.fixture
def screenshots() -> Path:
    folder = ROOT / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder
