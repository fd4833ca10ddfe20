"""A real Chromium for tests, driven through Playwright's async interface: its other one needs the event loop for itself."""

from __future__ import annotations

import os
import shutil

import pytest

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
    """Where Chromium is. A machine without it skips the test; CI must have it."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs a browser: install chromium")
        pytest.skip("no Chromium on this machine")
    return found


def headless_chromium() -> str:
    """Chromium without what surrounds a page, where it is installed: each page takes a quarter of the processor time."""
    return shutil.which("chromium-headless-shell") or chromium()
