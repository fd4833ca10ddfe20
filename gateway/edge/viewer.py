"""The viewer of an answer: a person at a page or in a frame, a script, or a browser that only looks ahead.

What Chromium, Firefox and WebKit send for each kind of request is in tests/cases/engines.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from gateway.edge.forms import FORM_TYPES
from gateway.http_semantics import HeaderLine, media_type
from gateway.model import Viewer

# What says that a browser, or a script for it, fetches something that nobody has asked for yet.
_PURPOSES: Final = frozenset(
    (
        b"sec-purpose",
        b"purpose",
        b"x-purpose",
        b"x-moz",
        b"x-sec-purpose",
        b"sec-fetch-purpose",
        b"moz-purpose",
    )
)
_AHEAD: Final = (b"prefetch", b"prerender", b"preview")

# What libraries add to the requests of their scripts. Fetch Metadata says the same, but browsers don't send it over plain
# http, nor did Safari before 16.4.
_LIBRARIES: Final = frozenset(
    (
        b"x-requested-with",
        b"x-microsoftajax",
        b"faces-request",
        b"tr-xhr-message",
        b"adf-rich-message",
        b"wicket-ajax",
        b"hx-request",
        b"turbo-frame",
        b"x-turbo-request-id",
        b"turbolinks-referrer",
        b"x-up-version",
        b"x-up-target",
        b"x-up-mode",
        b"x-up-context",
        b"x-up-validate",
        b"x-pjax",
        b"x-inertia",
        b"x-livewire",
        b"x-alpine-request",
        b"x-barba",
        b"x-prototype-version",
        b"x-gwt-permutation",
        b"datastar-request",
        b"rsc",
        b"next-router-state-tree",
    )
)
_HINTS: Final = _PURPOSES | _LIBRARIES
_SENT_BY_FORMS: Final = (*FORM_TYPES, b"text/plain")
# In octets. No browser writes as much; what comes after is not looked at.
_LONGEST_ACCEPT: Final = 4_096
_MOST_KINDS: Final = 64
_MOST_PARAMETERS: Final = 8
_FRAMES: Final = frozenset((b"iframe", b"frame", b"object", b"embed", b"fencedframe"))

READ: Final = _HINTS | {
    b"accept",
    b"content-type",
    b"sec-fetch-mode",
    b"sec-fetch-dest",
    b"upgrade-insecure-requests",
}
"""The header lines that `viewer_of` reads."""

HeaderValues = Mapping[bytes, list[bytes]]


def viewer_of(read: HeaderValues) -> Viewer:
    """Who sees the answer, by these header lines: the values by lower-case name.

    Fetch Metadata counts where it is sent (W3C Fetch Metadata Request Headers), else `Accept`. A service worker that
    passes a navigation on sends no destination, but `Upgrade-Insecure-Requests`, which neither scripts nor downloads do.
    """
    if not _HINTS.isdisjoint(read):
        if _is_ahead(read):
            return "ahead"
        if _is_of_library(read):
            return "script"
    mode, destination = read.get(b"sec-fetch-mode"), read.get(b"sec-fetch-dest")
    if mode is None and destination is None:
        return "page" if _wants_html(read) and _may_be_form(read) else "script"
    if mode is None or mode == [b"navigate"]:
        if destination is None or destination == [b"document"]:
            return "page"
        if destination != [b"empty"]:
            return "frame" if mode is not None or destination[0] in _FRAMES else "script"
    passed_on = destination == [b"empty"] and read.get(b"upgrade-insecure-requests") == [b"1"]
    return "page" if passed_on and _wants_html(read) else "script"


def viewer_of_lines(lines: Iterable[HeaderLine]) -> Viewer:
    """The same for the lines of a request that was not admitted."""
    read: dict[bytes, list[bytes]] = {}
    for name, value in lines:
        read.setdefault(name.lower(), []).append(value)
    return viewer_of(read)


def _is_ahead(read: HeaderValues) -> bool:
    return any(
        word in value.lower()
        for name in _PURPOSES.intersection(read)
        for value in read[name]
        for word in _AHEAD
    )


def _is_of_library(read: HeaderValues) -> bool:
    found = _LIBRARIES.intersection(read)
    # Android's WebView adds the name of its app to everything, also to navigations: those names have dots.
    if found == {b"x-requested-with"}:
        return any(b"." not in value for value in read[b"x-requested-with"])
    return bool(found)


def _may_be_form(read: HeaderValues) -> bool:
    """A browser that goes to a page sends nothing, or a form."""
    kinds = read.get(b"content-type")
    return kinds is None or media_type(kinds[0]) in _SENT_BY_FORMS


def _wants_html(read: HeaderValues) -> bool:
    """Whether HTML is asked for by name, and not less than JSON (RFC 9110 12.5.1); the first of two equals counts."""
    accept = b",".join(read.get(b"accept", ()))[:_LONGEST_ACCEPT].lower()
    if b"text/html" not in accept:
        return False
    if b"json" not in accept and b"text/html;" not in accept and b"text/html " not in accept:
        return True
    best, weight = b"", 0.0
    for each in accept.split(b",", _MOST_KINDS)[:_MOST_KINDS]:
        kind, *parameters = (part.strip() for part in each.split(b";", _MOST_PARAMETERS)[:_MOST_PARAMETERS])
        if kind == b"text/html" or kind.endswith(b"json"):
            this = _weight(parameters)
            if this > weight:
                best, weight = kind, this
    return best == b"text/html"


def _weight(parameters: Iterable[bytes]) -> float:
    for each in parameters:
        if each.startswith(b"q="):
            try:
                return float(each[2:])
            except ValueError:
                return 0.0
    return 1.0
