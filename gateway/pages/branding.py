"""The logo and the style of one environment, as its pages contain them."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from gateway.files.plain_file import read_plain

_STYLE: Final = Path(__file__).parent / "style.css"
_MOST_OCTETS: Final = 64 * 1024
_RASTER: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
)
# Text on the accent is as dark as --ink; WCAG 2.2, 1.4.3.
_INK: Final = "#1c2126"
_LEAST_CONTRAST: Final = 4.5
_ICON: Final = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><rect width='16' height='16' rx='3' fill='{}'/>"
    "<path d='M4 13V7a4 4 0 0 1 8 0v6M8 4v9' fill='none' stroke='{}' stroke-width='2'/></svg>"
)


def logo_address(file: Path) -> str:
    """The image as a data: address (RFC 2397). Raises ValueError with words for an operator."""
    try:
        content = read_plain(file)
    except OSError as problem:
        raise ValueError(f"cannot read {file}: {problem.strerror}") from problem
    if len(content) > _MOST_OCTETS:
        raise ValueError(
            f"{file} has {len(content)} bytes: a logo may have {_MOST_OCTETS}, as every page contains it"
        )
    kind = next((kind for start, kind in _RASTER if start.match(content)), None) or _svg(content)
    if kind is None:
        raise ValueError(f"{file} is not an image: write a file in SVG, PNG, JPEG, GIF or WebP")
    return _data(kind, content)


def icon_address(accent: str) -> str:
    """The small icon of a browser's tab, as a data: address."""
    return _data("image/svg+xml", _ICON.format(accent, _INK).encode("ascii"))


def style(accent: str, extra: Path | None = None) -> str:
    """The style of every page, with this accent, and the rules of a file that add to it.

    Raises ValueError for a colour on which text cannot be read, or a file that cannot be a style.
    """
    if contrast(_INK, accent) < _LEAST_CONTRAST:
        raise ValueError(f"dark text cannot be read on {accent}: choose a lighter colour")
    rules = _STYLE.read_text("utf-8").replace("#ffe615", accent)
    if extra is None or not extra.is_file():
        return rules
    try:
        further = extra.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise ValueError(f"cannot read {extra}: {problem}") from problem
    if "</" in further:
        raise ValueError(f"{extra} contains '</', which would end the style of the page")
    return rules + further


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours #rrggbb, from 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _svg(content: bytes) -> str | None:
    # Entities have no place in a logo, and this parser would resolve them.
    if b"<!ENTITY" in content:
        return None
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - a file of the operator's
    except ElementTree.ParseError:
        return None
    return "image/svg+xml" if root.tag in ("svg", "{http://www.w3.org/2000/svg}svg") else None


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{b64encode(content).decode('ascii')}"
