"""The pages of the register: what every page shows, and forms that come in whole and from our own pages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from simulator.register import codes
from simulator.register.assertion import Visitor
from simulator.register.door import Register, TooLarge, shown_time, who
from simulator.register.draft import date_shown
from simulator.web import page, templates

EXPIRED = "Dit formulier is verlopen. Controleer het en dien het opnieuw in."
_FORM_BYTES = 256 * 1024


class Look:
    """Renders pages for visitors."""

    def __init__(self, register: Register, environment: str) -> None:
        self._register = register
        self._pages: Environment = templates(
            Path(__file__).parent / "templates",
            system="Centraal non-conformiteitenregister",
            environment=environment,
        )
        self._pages.filters.update(tijdstip=shown_time, dag=date_shown, nummer=_dotted)
        self._pages.globals.update(
            STREAMS=codes.STREAMS, MOMENTS=codes.MOMENTS, CONTAINERS=codes.CONTAINERS, TOLD_BY=codes.TOLD_BY,
            STATUSES=codes.STATUSES, CHANNELS=codes.CHANNELS,
        )  # fmt: skip

    def render(
        self, name: str, request: Request, visitor: Visitor | None, *, status: int = 200, **values: Any
    ) -> Response:
        """A page; `csrf` is a fresh token for the forms on it."""
        csrf = self._register.tokens.issue(who(visitor)) if visitor else ""
        answer = page(
            self._pages, name, status=status, visitor=visitor, csrf=csrf, here=request.url.path,
            now=self._register.now(), **values,
        )  # fmt: skip
        answer.headers["content-security-policy"] = (
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        )
        return answer

    def is_ours(self, visitor: Visitor, form: Sent) -> bool:
        """Whether a form comes from a page that this visitor got."""
        return self._register.tokens.is_valid(who(visitor), form.texts.get("csrf"))


def _dotted(number: str) -> str:
    """An enterprise number as people read it (0400.000.185), an establishment number likewise (2.123.456.789)."""
    if not (len(number) == 10 and number.isascii() and number.isdigit()):
        return number
    if number[0] in "01":
        return f"{number[:4]}.{number[4:7]}.{number[7:]}"
    return f"{number[0]}.{number[1:4]}.{number[4:7]}.{number[7:]}"


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it came in: (name, text) in order, and (field, file name, content) of files that hold something."""

    fields: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str, bytes], ...]

    @property
    def texts(self) -> dict[str, str]:
        """The texts by name; the last one where a name comes twice."""
        return dict(self.fields)

    def all(self, name: str) -> tuple[str, ...]:
        """All texts under one name."""
        return tuple(text for known, text in self.fields if known == name)


async def form_of(request: Request, *, files: int = 0, limit: int = _FORM_BYTES) -> Sent:
    """The form that was sent. Raises TooLarge as soon as it has more than `limit` bytes."""
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise TooLarge
        return message

    parsed = Request(request.scope, counted).form(max_files=files, max_fields=100, max_part_size=_FORM_BYTES)
    async with parsed as form:
        fields, found = [], []
        for name, value in form.multi_items():
            if isinstance(value, str):
                fields.append((name, value))
            elif value.size:
                found.append((name, value.filename or "", await value.read()))
        return Sent(tuple(fields), tuple(found))
