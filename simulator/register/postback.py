"""A form as it came back from one of the register's pages: ISO-8859-1 from a browser, UTF-8 from its script."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message as Headers
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.types import Message

# Browsers read and write ISO-8859-1 as Windows-1252 (WHATWG Encoding, section 4.2).
LATIN: Final = "windows-1252"
_MOST_BYTES: Final = 10 * 1024 * 1024


class TooLarge(Exception):
    """The body has more bytes than the register takes."""


@dataclass(frozen=True, slots=True)
class Postback:
    """The fields, the uploaded file (name, content) if there is one, and what a script wants back."""

    fields: dict[str, str]
    file: tuple[str, bytes] | None = None

    @property
    def state(self) -> str:
        return self.fields.get("javax.faces.ViewState", "")

    @property
    def ajax(self) -> bool:
        return self.fields.get("javax.faces.partial.ajax") == "true"

    @property
    def render(self) -> list[str]:
        """The regions of the page that the script wants."""
        return self.fields.get("javax.faces.partial.render", "").split()

    def pressed(self, button: str) -> bool:
        """Whether this button sent the form."""
        return self.fields.get("javax.faces.source") == button if self.ajax else button in self.fields

    def text(self, name: str) -> str:
        return self.fields.get(name, "").strip()


async def body_of(request: Request) -> bytes:
    """The whole body. Raises TooLarge."""
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > _MOST_BYTES:
            raise TooLarge
    return bytes(parts)


async def postback_of(request: Request) -> Postback:
    """What was sent. Raises TooLarge."""
    body = await body_of(request)
    given = Headers()
    given["content-type"] = request.headers.get("content-type", "")
    if given.get_content_type() == "multipart/form-data":
        return await _multipart(request, body)
    charset = LATIN if str(given.get_param("charset", "")).lower() != "utf-8" else "utf-8"
    pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding=charset, errors="replace")
    return Postback(dict(pairs))


async def _multipart(request: Request, body: bytes) -> Postback:
    async def whole() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    fields: dict[str, str] = {}
    file = None
    async with Request(request.scope, whole).form(max_files=1, max_fields=50) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                fields[name] = value
            elif value.filename:
                file = (value.filename, await value.read())
    return Postback(fields, file)
