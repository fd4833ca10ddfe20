"""Whether a request target has exactly one meaning, and what its segments are.

It refuses what some server somewhere reads differently, and repairs nothing: the bytes that are judged are the
bytes that go on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from gateway.errors import BadRequest

# Paths of only these characters mean the same to everybody, as long as no segment is empty or dots (RFC 3986 3.3).
_PLAIN = re.compile(rb"/[A-Za-z0-9._~!$&'()*+,=:@/-]*")
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_RAW_REFUSED = re.compile(rb"[\x00-\x20\x7f-\xff\\;#\"<>^`{|}]")
_DECODED_REFUSED = re.compile(r"[\x00-\x1f\x7f-\x9f/\\;#?]")
_SEPARATORS = re.compile(r"[/\\]")
_QUERY_REFUSED = re.compile(rb"[\x00-\x20\x7f#]")
# White space and signs that nobody sees (Unicode: White_Space, Default_Ignorable_Code_Point): some readers drop them.
_UNSEEN = re.compile(
    r"[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_DEEPEST = 4
_RESERVED = "oauth2"
_JWKS = (".well-known", "jwks.json")
# No register nests so deep, and each segment that is not plain takes a look of its own.
_MOST_SEGMENTS = 256


def plain_segments(raw_path: bytes) -> tuple[str, ...] | None:
    """The segments of a path that means the same to everybody at first sight; None for all others."""
    if _PLAIN.fullmatch(raw_path) and b"//" not in raw_path and b"/." not in raw_path:
        return tuple(raw_path[1:].decode("ascii").split("/"))
    return None


def canonical_segments(raw_path: bytes) -> tuple[str, ...]:
    """The percent-decoded segments of a path; "/a/b/" gives ("a", "b", "").

    Raises BadRequest where two readers could see two paths: encoded separators, dot segments in any spelling,
    empty segments, path parameters, control characters, broken escapes, bytes that are not UTF-8.
    """
    plain = plain_segments(raw_path)
    if plain is not None:
        return plain
    if not raw_path.startswith(b"/"):
        raise BadRequest(f"target does not start with a slash: {raw_path[:80]!r}", code="path-not-absolute")
    if _RAW_REFUSED.search(raw_path):
        raise BadRequest(
            f"path holds a character that must be encoded: {raw_path[:80]!r}", code="path-character"
        )
    if b"//" in raw_path:
        raise BadRequest(f"path holds an empty segment: {raw_path[:80]!r}", code="path-empty-segment")
    if _BAD_ESCAPE.search(raw_path):
        raise BadRequest(f"path holds a broken escape: {raw_path[:80]!r}", code="path-escape")
    return tuple(_segment(part) for part in raw_path[1:].split(b"/"))


def _segment(raw: bytes) -> str:
    try:
        text = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError as problem:
        raise BadRequest(f"path is not UTF-8: {raw[:80]!r}", code="path-encoding") from problem
    if _DECODED_REFUSED.search(text):
        raise BadRequest(
            f"path encodes a separator or control character: {raw[:80]!r}", code="path-encoded-separator"
        )
    _refuse_dots(text, raw)
    if not text.isascii():
        folded = unicodedata.normalize("NFKC", text)
        if _DECODED_REFUSED.search(folded):
            raise BadRequest(f"path folds to a separator: {raw[:80]!r}", code="path-encoded-separator")
        if not _UNSEEN.sub("", folded).strip("."):
            raise BadRequest(f"path folds to a dot segment: {raw[:80]!r}", code="path-dot-segment")
        _refuse_dots(folded, raw)
    return text


def _refuse_dots(text: str, raw: bytes) -> None:
    # A reader that decodes once more must not find a dot segment either, nor one in what it would then split.
    for _ in range(_DEEPEST):
        if any(map(_is_dots, _SEPARATORS.split(text))):
            raise BadRequest(f"path holds a dot segment: {raw[:80]!r}", code="path-dot-segment")
        deeper = unquote_to_bytes(text).decode("utf-8", "replace")
        if deeper == text:
            return
        text = deeper.split(";", 1)[0] if ";" in deeper else deeper
    raise BadRequest(f"path is encoded too many times: {raw[:80]!r}", code="path-escape")


def _is_dots(part: str) -> bool:
    """Whether somebody may read this as a dot segment, or as none at all; three dots are an ordinary name."""
    seen = _UNSEEN.sub("", part)
    if seen == part:
        return part in (".", "..")
    return not seen.strip(".")


def is_own(segments: Sequence[str]) -> bool:
    """Whether the gateway itself answers this path: the register never sees the reserved prefix."""
    return segments[0] == _RESERVED or tuple(segments) == _JWKS


def path_of(target: bytes) -> bytes:
    """The path of a target in origin form.

    Raises BadRequest for a query with octets that cannot stand in a request line (RFC 9112 3.2), and for a path with very
    many segments.
    """
    path, _, query = target.partition(b"?")
    if path.count(b"/") > _MOST_SEGMENTS:
        raise BadRequest(f"path has more than {_MOST_SEGMENTS} segments: {path[:80]!r}", code="path-too-deep")
    if query and _QUERY_REFUSED.search(query):
        raise BadRequest(
            f"query holds a character that must be encoded: {query[:80]!r}", code="query-character"
        )
    return path
