"""A page as text for a terminal."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

_UNSEEN: Final = frozenset(("style", "script", "title", "svg", "template"))
_BLOCKS: Final = frozenset(
    (
        "p", "div", "main", "header", "footer", "section", "article", "nav", "h1", "h2", "h3", "h4", "ul", "ol", "dl",
        "dt", "table", "tr", "form", "details", "summary", "br", "hr", "body", "aside",
    )
)  # fmt: skip
_BLANK: Final = re.compile(r"[ \t\r\n]+")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]
        self._unseen = 0
        self._links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in _BLOCKS:
            self.lines.append("")
        elif tag == "li":
            self.lines.append("- ")
        elif tag == "dd":
            self.lines[-1] += ": "
        elif tag == "a":
            self._links.append(values.get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _BLOCKS and tag != "dt":
            self.lines.append("")
        elif tag == "a" and self._links and (href := self._links.pop()) and not href.startswith("#"):
            self.lines[-1] += f" <{href}>"

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.lines[-1] += _BLANK.sub(" ", data)


def page_text(html: str) -> str:
    """What a person reads on the page, a line for each paragraph; links with their addresses."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    lines = (_BLANK.sub(" ", line).strip() for line in parser.lines)
    return "\n".join(line for line in lines if line not in ("", "-"))
