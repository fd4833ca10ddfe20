"""Answers to the Ajax calls of Jakarta Faces (JSF) pages, which understand nothing but their own XML."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, quote
from xml.sax.saxutils import quoteattr

from gateway.model import CanonicalRequest
from gateway.responses import Response

REFUSED: Final = "/oauth2/refused"
_LONGEST: Final = 4_000


def is_partial_request(request: CanonicalRequest) -> bool:
    """Whether a script of Faces asks for a part of a page (Jakarta Faces 4.0, section 13.3)."""
    header = request.header(b"faces-request")
    return header is not None and header.strip().lower() == b"partial/ajax"


def partial_redirect(location: str) -> Response:
    """Lead the page to this address (Jakarta Faces 4.0, section 13.4.4): scripts ignore any other status than 200."""
    url = quoteattr(location, {'"': "&quot;"})
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<partial-response><redirect url={url}/></partial-response>'
    )
    return Response(content.encode("ascii", "xmlcharrefreplace"), media_type="text/xml")


def refused_at(request: CanonicalRequest) -> str | None:
    """The address that shows why this call is refused; None for one that is too long."""
    if len(request.target) > _LONGEST:
        return None
    location = f"{REFUSED}?method={quote(request.method)}&target={quote(request.target, safe='/')}"
    return location if len(location) <= _LONGEST else None


def refused_call(query: bytes | None) -> tuple[str, bytes] | None:
    """(method, target) of the call that such an address is about; None for any other query."""
    if query is None or len(query) > _LONGEST:
        return None
    fields = parse_qs(query.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    method, target = fields.get("method", []), fields.get("target", [])
    if len(method) != 1 or len(target) != 1 or not target[0].startswith("/"):
        return None
    return method[0], target[0].encode("latin-1")
