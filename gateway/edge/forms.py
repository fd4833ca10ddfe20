"""What a browser says about a request: whether it is a form, and whether a page of this very site sent it."""

from __future__ import annotations

from gateway.http_semantics import media_type
from gateway.model import CanonicalRequest

FORM_TYPES = (b"application/x-www-form-urlencoded", b"multipart/form-data")


def is_form(request: CanonicalRequest) -> bool:
    """Whether a browser sends a form and goes to the page that answers, in its window or a frame.

    No browser codes the content of one (Content-Encoding).
    """
    return (
        request.method == "POST"
        and request.for_person
        and form_type(request) is not None
        and request.header(b"content-encoding") is None
    )


def form_type(request: CanonicalRequest) -> bytes | None:
    """The Content-Type of a form, with its parameters; None for any other body."""
    value = request.header(b"content-type")
    return value if media_type(value) in FORM_TYPES else None


def is_same_origin(request: CanonicalRequest, *, if_unknown: bool) -> bool:
    """Whether a page of this very origin made the request (Sec-Fetch-Site, Origin): the question against CSRF.

    `if_unknown` is the answer where the request says nothing, as for an address that was typed or from an older browser.
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
