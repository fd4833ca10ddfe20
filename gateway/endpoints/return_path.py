"""Whether an address to return to is a path of this very site, in whatever way a browser reads it."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from gateway.edge.percent import percent_decoded
from gateway.model import CanonicalRequest

_LONGEST = 32_768
_DEEPEST = 4
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,:@/%=\[\]{}|^`;-]*")
# What comes after the path leads to no other site, whatever is in it (WHATWG URL 4.4): a backslash, for example.
_REST = re.compile(r"[!-~]*")
_PRINTABLE = bytes(range(0x21, 0x7F)).decode("ascii")
_ABSOLUTE = re.compile(r"(https?)://([A-Za-z0-9.:\[\]-]+)(/.*)", re.IGNORECASE)
_OWN = "/oauth2"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DOT_SEGMENT = re.compile(r"/\.{1,2}(?=/|\Z)")
# What has a slash, a backslash or nothing but dots in its compatibility decomposition (Unicode).
_FOLDED = tuple(
    (sign, unicodedata.normalize("NFKC", sign))
    for sign in "\u2024\u2025\u2026\u2100\u2101\u2105\u2106\ufe19\ufe30\ufe52\ufe68\uff0e\uff0f\uff3c"
)
_KEPT_FORM = re.compile(r"/oauth2/resume\?form=[0-9a-f]{20}")


def path_on(origin: str, value: str) -> str:
    """`value` without scheme and host where those are this site's own (`origin`), else `value` as it is."""
    found = _ABSOLUTE.fullmatch(value)
    if found is None:
        return value
    scheme, authority = found[1].lower(), found[2].lower()
    authority = authority.removesuffix(":443" if scheme == "https" else ":80")
    return found[3] if f"{scheme}://{authority}" == origin.lower() else value


def target_of(request: CanonicalRequest) -> str:
    """The page that was asked for, to come back to. Octets that are not ASCII are encoded, as browsers do."""
    return safe_target(quote(request.target, safe=_PRINTABLE))


def safe_target(value: str) -> str:
    """`value` where it is a path of this site, with or without query and fragment, else "/".

    Only plain ASCII passes: no scheme, no host, no second slash or backslash and no dot segment in any spelling
    or depth of encoding in the path, no control character; and no endpoint of the gateway's own but the page of a kept
    form, because the way back from a login must not start the next one. A fragment that doesn't pass is left out.
    """
    if is_safe_target(value):
        return value
    page, mark, _ = value.partition("#")
    return page if mark and is_safe_target(page) else "/"


def is_kept_form(value: str) -> bool:
    """Whether this is the page that asks whether to send a kept form."""
    return _KEPT_FORM.fullmatch(value) is not None


def is_safe_target(value: str) -> bool:
    """Whether a browser that is sent to `value` stays on this site."""
    if is_kept_form(value):
        return True
    end = min((value.index(mark) for mark in "?#" if mark in value), default=len(value))
    path, rest = value[:end], value[end:]
    if len(value) > _LONGEST or not _PATH.fullmatch(path) or not _REST.fullmatch(rest):
        return False
    for _ in range(_DEEPEST):
        if not _is_plain(path):
            return False
        deeper = percent_decoded(path.encode()).decode("utf-8", "replace")
        if deeper == path:
            return True
        path = deeper
    return False


def _is_plain(path: str) -> bool:
    if _CONTROL.search(path):
        return False
    # A browser, or whatever reads for it, may fold signs: only some of them matter, and a whole path may be long.
    if not path.isascii():
        for sign, folded in _FOLDED:
            path = path.replace(sign, folded)
    if "//" in path or "\\" in path or _DOT_SEGMENT.search(path):
        return False
    end = path.find("/", 1)
    first = path[: end if end > 0 else len(path)]
    return len(first) > len(_OWN) or unicodedata.normalize("NFKC", first).lower() != _OWN
