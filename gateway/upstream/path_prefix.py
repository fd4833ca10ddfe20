"""The path that people see and the one that an upstream sees, where they differ by a prefix."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from gateway.errors import BadRequest

# Methods of WebDAV name a second path there (RFC 4918 section 10.3).
_DESTINATION = re.compile(rb"(?<![^\n])(destination: (?:[a-z]+://[^/?#\r\n]*)?)([^\r\n]*)", re.IGNORECASE)
_SEGMENT = re.compile(r"[A-Za-z0-9._~!$&'()*+,=:@-]+")


def checked_prefix(text: str) -> str:
    """A prefix as an operator wrote it. Raises ValueError that says what to write instead."""
    segments = text[1:].split("/")
    if not text.startswith("/") or not all(map(_SEGMENT.fullmatch, segments)):
        raise ValueError("write a path prefix with a slash before each part and none at the end: /reports")
    if any(segment in (".", "..") for segment in segments):
        raise ValueError("a path prefix has no . or .. in it")
    return text


class PathPrefix:
    """Takes `strip` off the beginning of a path and puts `add` before the rest; either may be empty.

    Rules judge the path outside; where they `fold` it, A-Z are a-z in `strip` too. Both prefixes are whole segments, so
    that the path inside stays below `add`.
    """

    def __init__(self, *, strip: str = "", add: str = "", fold: bool = False) -> None:
        self._strip = strip.encode("ascii")
        self._add = add.encode("ascii")
        self._fold = fold
        self._stripped = self._as_compared(self._strip)[1:].split(b"/") if strip else []

    def inside(self, target: bytes) -> bytes:
        """The target (path and query) for the upstream. Raises BadRequest for a path that is not below `strip`."""
        path, mark, query = target.partition(b"?")
        return self._add + self._rest(path) + mark + query

    def inside_lines(self, lines: bytes) -> bytes:
        """The header lines for the upstream: `Destination` names the path inside too. Raises BadRequest as `inside`."""
        return _DESTINATION.sub(lambda found: found[1] + self.inside(found[2] or b"/"), lines)

    def outside(self, path: bytes) -> bytes | None:
        """The path that people see for a path of the upstream; None for one that nobody outside can reach."""
        if self._add:
            if path != self._add and not path.startswith(self._add + b"/"):
                return None
            path = path[len(self._add) :] or b"/"
        return self._strip + path

    def _rest(self, path: bytes) -> bytes:
        strip = self._strip
        if path.startswith(strip + b"/"):
            rest = path[len(strip) :]
        elif path == strip:
            rest = b"/"
        else:
            # The same segments in another spelling: percent-encoded, with parameters (RFC 3986 section 3.3), or folded.
            segments = path[1:].split(b"/")
            first = [unquote_to_bytes(each.partition(b";")[0]) for each in segments[: len(self._stripped)]]
            if [self._as_compared(each) for each in first] != self._stripped:
                raise BadRequest(f"the path is not below {strip!r}", code="path-prefix")
            rest = b"/" + b"/".join(segments[len(self._stripped) :])
        if rest.startswith(b"//") and not self._add:
            # As a target of its own this would name a host.
            raise BadRequest("the path below the prefix begins with two slashes", code="path-prefix")
        return rest

    def _as_compared(self, text: bytes) -> bytes:
        return text.lower() if self._fold else text
