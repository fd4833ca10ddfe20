"""The one form of a page, with its hidden fields: what response_mode=form_post sends people's browsers."""

from __future__ import annotations

from html.parser import HTMLParser


class Form(HTMLParser):
    """Where the form goes, and what it carries."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.target: str | None = None
        self.fields: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.target = values["action"]
            assert values["method"] == "post"
        elif tag == "input":
            self.fields[values["name"]] = values["value"]
