"""A coarse name for the browser of a person, so that they recognise their own sessions: "Firefox/Windows"."""

from __future__ import annotations

from typing import Final

# The first that a User-Agent contains counts: each browser also names those that it wants to be taken for.
_BROWSERS: Final = (
    (b"Edg", "Edge"),
    (b"OPR/", "Opera"),
    (b"SamsungBrowser/", "Samsung Internet"),
    (b"Firefox/", "Firefox"),
    (b"FxiOS/", "Firefox"),
    (b"Chrome/", "Chrome"),
    (b"CriOS/", "Chrome"),
    (b"Safari/", "Safari"),
)
_SYSTEMS: Final = (
    (b"iPhone", "iPhone"),
    (b"iPad", "iPad"),
    (b"Android", "Android"),
    (b"Windows", "Windows"),
    (b"Mac OS X", "macOS"),
    (b"CrOS", "ChromeOS"),
    (b"Linux", "Linux"),
)


def device_of(user_agent: bytes | None) -> str | None:
    """Browser and system without versions, with a slash between them; None where neither is known."""
    text = user_agent or b""
    names = [next((name for mark, name in known if mark in text), None) for known in (_BROWSERS, _SYSTEMS)]
    return "/".join(name for name in names if name) or None
