"""Decides whether an address to return to is a path of this very site, whatever a browser makes of it."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

_LONGEST = 4_096
_ALLOWED = re.compile(r"/[A-Za-z0-9._~!$&'()*+,:@/?%=\[\]{}|^`-]*")
_OWN = ("/oauth2/start", "/oauth2/callback", "/oauth2/sign_out", "/oauth2/logout", "/oauth2/switch")


def safe_target(value: str) -> str:
    """`value` where it is a path of this site with or without query, else "/".

    Only plain ASCII passes: no scheme, no host, no second slash or backslash in any spelling or depth of
    encoding at the start, no control character, no fragment; and no endpoint that would start a loop.
    """
    return value if is_safe_target(value) else "/"


def is_safe_target(value: str) -> bool:
    """Whether a browser that is sent to `value` stays on this site."""
    if len(value) > _LONGEST or not _ALLOWED.fullmatch(value):
        return False
    path = value.partition("?")[0]
    if path.startswith(_OWN):
        return False
    text = path
    for _ in range(4):
        folded = unicodedata.normalize("NFKC", text)
        if folded.startswith(("//", "/\\")) or "\\" in folded or "//" in folded:
            return False
        if any(ord(sign) < 0x20 or ord(sign) == 0x7F for sign in folded):
            return False
        if any(part in (".", "..") for part in folded.split("/")):
            return False
        deeper = unquote(text)
        if deeper == text:
            return True
        text = deeper
    return False
