"""Whether an address to return to is a path of this very site, in whatever way a browser reads it."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, unquote

from gateway.model import CanonicalRequest

_LONGEST = 32_768
_DEEPEST = 4
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,:@/%=\[\]{}|^`;-]*")
# What comes after the path leads to no other site, whatever is in it (WHATWG URL 4.4): a backslash, for example.
_REST = re.compile(r"[!-~]*")
_PRINTABLE = bytes(range(0x21, 0x7F)).decode("ascii")
_ABSOLUTE = re.compile(r"(https?)://([A-Za-z0-9.:\[\]-]+)(/.*)", re.IGNORECASE)
_OWN = "/oauth2"
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
        if not _is_plain(unicodedata.normalize("NFKC", path)):
            return False
        deeper = unquote(path)
        if deeper == path:
            return True
        path = deeper
    return False


def _is_plain(path: str) -> bool:
    if "//" in path or "\\" in path or any(ord(sign) < 0x20 or ord(sign) == 0x7F for sign in path):
        return False
    segments = path.split("/")
    return not any(part in (".", "..") for part in segments) and f"/{segments[1].lower()}" != _OWN
