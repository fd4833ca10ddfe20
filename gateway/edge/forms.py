"""Whether a request is a form that a person sends from a page. It knows nothing of what the form is for."""

from __future__ import annotations

from gateway.model import CanonicalRequest

_KINDS = (b"application/x-www-form-urlencoded", b"multipart/form-data")


def is_form(request: CanonicalRequest) -> bool:
    """Whether a browser sends a form and goes to the page that answers: Fetch Metadata where sent, else Accept."""
    return request.method == "POST" and form_kind(request) is not None and _navigates(request)


def form_kind(request: CanonicalRequest) -> bytes | None:
    """The Content-Type of a form, with its parameters; None for any other body."""
    value = _header(request, b"content-type")
    if value is None or value.partition(b";")[0].strip().lower() not in _KINDS:
        return None
    return value


def from_this_site(request: CanonicalRequest) -> bool:
    """Whether the browser says that a page of this very site sent the request; False where it says nothing."""
    site, origin = _header(request, b"sec-fetch-site"), _header(request, b"origin")
    own = f"{request.scheme}://{request.host}".encode("ascii")
    if origin is not None and origin != own:
        return False
    return site == b"same-origin" if site is not None else origin == own


def _navigates(request: CanonicalRequest) -> bool:
    mode = _header(request, b"sec-fetch-mode")
    if mode is not None:
        return mode == b"navigate" and _header(request, b"sec-fetch-dest") in (None, b"document")
    return b"text/html" in (_header(request, b"accept") or b"").lower()


def _header(request: CanonicalRequest, wanted: bytes) -> bytes | None:
    """The value of a header that stands once."""
    values = [value for name, value in request.headers if name == wanted]
    return values[0] if len(values) == 1 else None
