"""What a browser says about a request: whether it is a form, and whether a page of this very site sent it."""

from __future__ import annotations

from gateway.model import CanonicalRequest

_FORM_TYPES = (b"application/x-www-form-urlencoded", b"multipart/form-data")


def is_form(request: CanonicalRequest) -> bool:
    """Whether a browser sends a form and goes to the page that answers: Fetch Metadata where sent, else Accept."""
    return request.method == "POST" and form_type(request) is not None and _navigates(request)


def form_type(request: CanonicalRequest) -> bytes | None:
    """The Content-Type of a form, with its parameters; None for any other body."""
    value = request.header(b"content-type")
    if value is None or value.partition(b";")[0].strip().lower() not in _FORM_TYPES:
        return None
    return value


def is_same_origin(request: CanonicalRequest, *, if_unknown: bool) -> bool:
    """Whether a page of this very origin made the request (Sec-Fetch-Site, Origin): the question against CSRF.

    `if_unknown` is the answer where the request says nothing, as of an address that was typed or an older browser.
    """
    origin, site = request.header(b"origin"), request.header(b"sec-fetch-site")
    own = f"{request.scheme}://{request.host}".encode("ascii")
    if origin is not None and origin != own:
        return False
    if site is not None and site != b"none":
        return site == b"same-origin"
    if site is None and origin is not None:
        return True
    return if_unknown


def _navigates(request: CanonicalRequest) -> bool:
    mode = request.header(b"sec-fetch-mode")
    if mode is not None:
        return mode == b"navigate" and request.header(b"sec-fetch-dest") in (None, b"document")
    return b"text/html" in (request.header(b"accept") or b"").lower()
