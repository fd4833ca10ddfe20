"""A browser window over WebDriver, in the words of a person. Whatever takes a while is waited for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.remote.webelement import WebElement

from tests.waiting import until

_PRESSABLE = """
    return [...document.querySelectorAll('button, a, summary, input[type=submit]')].find(each =>
        (each.textContent + (each.value ?? '')).replace(/\\s+/g, ' ').includes(arguments[0]) && each.checkVisibility())"""
PATIENCE = 20.0


class Window:
    """The window that the driver looks at."""

    def __init__(self, driver: WebDriver, engine: str) -> None:
        self.driver = driver
        self.engine = engine
        self._first_tab = driver.current_window_handle

    @property
    def url(self) -> str:
        """The address of the page that is there; WebKit's driver gives that of one that is still to come."""
        return str(self.script("return location.href"))

    def go(self, url: str) -> None:
        """Ask for a page; the one that was there is gone then."""
        with self._leaving():
            self.driver.get(url)

    def wait(self, condition: Callable[[], object], wanted: str) -> None:
        """Until the condition holds; a page that just changes counts as not yet. Fails with what is shown."""

        def holds() -> bool:
            try:
                return bool(condition())
            except WebDriverException:
                return False

        if not until(holds, PATIENCE, pause=0.05):
            pytest.fail(f"{self.engine}: no {wanted} at {self.url}: {self.text[:600]}")

    def wait_at(self, address: str) -> None:
        """Until the window is at an address that begins like this."""
        self.wait(lambda: self.url.startswith(address), address)

    def see(self, *words: str) -> None:
        """Until the page shows each of these words."""
        for each in words:
            self.wait(lambda each=each: each in self.text, each)

    @property
    def text(self) -> str:
        """What the page says."""
        return str(self.script("return document.body.innerText"))

    def find(self, css: str) -> WebElement:
        """The first element that matches, once it is there."""
        self.wait(lambda: self.driver.find_elements(By.CSS_SELECTOR, css), css)
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def named(self, name: str) -> WebElement | None:
        """The first button or link that one sees with these words in its name."""
        found: WebElement | None = self.script(_PRESSABLE, name)
        return found

    def press(self, name: str) -> None:
        """Press the first button or link with these words in its name, once it is there."""

        def pressed() -> bool:
            found = self.named(name)
            if found is not None:
                found.click()
            return found is not None

        self.wait(pressed, f"button {name!r}")

    def leave_by(self, name: str) -> None:
        """Press, and wait until this page is gone: for buttons that lead back to the same address."""
        with self._leaving():
            self.press(name)

    @contextlib.contextmanager
    def _leaving(self) -> Iterator[None]:
        page = self.driver.find_element(By.TAG_NAME, "html")
        yield

        def gone() -> bool:
            try:
                return not page.tag_name
            except WebDriverException:
                return True

        self.wait(gone, "other page")

    def fill(self, css: str, text: str) -> None:
        field = self.find(css)
        field.clear()
        field.send_keys(text)

    def script(self, code: str, *arguments: object) -> Any:
        return self.driver.execute_script(code, *arguments)

    def back(self) -> None:
        """The button, then over to the first tab: WebKit's driver hangs in a tab that went back."""
        self.script("setTimeout(() => history.back())")
        self.switch(self._first_tab)

    def open_tab(self, url: str) -> str:
        """A further tab at this address."""
        self.driver.switch_to.new_window("tab")
        self.go(url)
        return self.driver.current_window_handle

    def switch(self, tab: str) -> None:
        self.driver.switch_to.window(tab)

    def cookies(self) -> set[str]:
        """The names of the cookies that this page gets."""
        return {each["name"] for each in self.driver.get_cookies()}

    def log_in(self, persona: str, back_at: str) -> None:
        """At ACM: with itsme, as this persona, unless ACM still knows. Ends at an address that begins like this."""

        def arrived() -> bool:
            if self.url.startswith(back_at):
                return True
            for name in (f"({persona})", "itsme"):
                if (found := self.named(name)) is not None:
                    found.click()
                    break
            return False

        self.wait(arrived, back_at)

    def forget(self, *sites: str) -> None:
        """No other tabs, and no cookies for pages at these addresses."""
        for tab in set(self.driver.window_handles) - {self._first_tab}:
            self.switch(tab)
            self.driver.close()
        self.switch(self._first_tab)
        for site in sites:
            self.go(site)
            self.driver.delete_all_cookies()
            # On a busy machine WebKit does it later, and would take the cookies of the next test.
            self.wait(lambda: not self.driver.get_cookies(), "page without cookies")
