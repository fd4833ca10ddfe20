"""Answers to the Ajax calls of Jakarta Faces (JSF) pages, which understand nothing but their own XML."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from gateway.model import CanonicalRequest
from gateway.responses import Response


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
