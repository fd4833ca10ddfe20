"""Whether a request target has exactly one meaning, and what its segments are.

It refuses what some server somewhere reads differently, and repairs nothing: the bytes that are judged are the
bytes that go on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NoReturn

from gateway.edge.percent import percent_decoded
from gateway.errors import BadRequest

# Paths of only these characters mean the same to everybody, as long as no segment is empty or dots (RFC 3986 3.3).
_PLAIN = re.compile(rb"/[A-Za-z0-9._~!$&'()*+,=:@/-]*")
# A path may be long, so signs are not looked for one by one: all others are removed, and what is left is looked at.
_RAW_ALLOWED = bytes(sorted({*range(0x21, 0x7F), *range(0x80, 0x100)} - set(b'\\;#"<>^`{|}')))
_DECODED_ALLOWED = bytes(sorted({*range(0x20, 0x100)} - set(b"\x7f\\;#?")))
# Control characters, and signs that fold to what is refused or to a slash (Unicode, compatibility decompositions).
_SIGNS_REFUSED = re.compile(
    r"[\x80-\x9f\u037e\u2047-\u2049\u2100\u2101\u2105\u2106\ufe14\ufe16\ufe54\ufe56\ufe5f\ufe68\uff03\uff0f\uff1b\uff1f\uff3c]"
)
_QUERY_REFUSED = re.compile(rb"[^!-~]|#")
# White space and signs that nobody sees (Unicode: White_Space, Default_Ignorable_Code_Point): some readers drop them.
# And signs that fold to dots.
_UNSEEN = (
    r"\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_DOTS = r"\u2024-\u2026\ufe19\ufe30\ufe52\uff0e"
# What somebody may read as a dot segment, or as none at all where dots at the end mean nothing; three dots are an ordinary name.
_DOT_SEGMENT = re.compile(rf"/(?:\.{{1,2}}|\.{{4,}}+|\.*+[{_UNSEEN}{_DOTS}][.{_UNSEEN}{_DOTS}]*+)(?=[/;]|\Z)")
# A percent sign, or what folds to one, that may begin an escape once the next two signs are folded.
_FOLDED_ESCAPE = re.compile(r"(?:[\ufe6a\uff05]|%(?=[0-9A-Fa-f]?[^\x00-\x7f]))[^%\ufe6a\uff05]{0,2}")
_MOST_FOLDED = 256
_DEEPEST = 4
_RESERVED = "oauth2"
_JWKS = (".well-known", "jwks.json")
# No register nests so deep.
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
    if not raw_path.isascii():
        _refuse_character(raw_path)
    return tuple(strict_text(raw_path)[1:].split("/"))


def strict_text(path: bytes) -> str:
    """A whole path, percent-decoded, of which octets outside ASCII need no encoding. Raises as `canonical_segments` does."""
    if not path.startswith(b"/"):
        raise BadRequest(f"target does not start with a slash: {path[:80]!r}", code="path-not-absolute")
    if path.translate(None, _RAW_ALLOWED):
        _refuse_character(path)
    if b"//" in path:
        raise BadRequest(f"path holds an empty segment: {path[:80]!r}", code="path-empty-segment")
    octets = percent_decoded(path)
    if len(octets) != len(path) - 2 * path.count(b"%"):
        raise BadRequest(f"path holds a broken escape: {path[:80]!r}", code="path-escape")
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise BadRequest(f"path is not UTF-8: {path[:80]!r}", code="path-encoding") from problem
    if (
        octets.translate(None, _DECODED_ALLOWED)
        or octets.count(b"/") != path.count(b"/")
        or (not text.isascii() and _SIGNS_REFUSED.search(text))
    ):
        raise BadRequest(
            f"path encodes a separator or control character: {path[:80]!r}", code="path-encoded-separator"
        )
    _refuse_dots(text, path)
    return text


def _refuse_character(path: bytes) -> NoReturn:
    raise BadRequest(f"path holds a character that must be encoded: {path[:80]!r}", code="path-character")


def _refuse_dots(text: str, raw_path: bytes) -> None:
    # A reader that decodes once more must not find a dot segment either, nor one in what it would then split.
    for _ in range(_DEEPEST):
        if _DOT_SEGMENT.search(text.replace("\\", "/")):
            raise BadRequest(f"path holds a dot segment: {raw_path[:80]!r}", code="path-dot-segment")
        escaped, folded = (text, 0) if text.isascii() else _FOLDED_ESCAPE.subn(_fold, text, _MOST_FOLDED)
        if folded == _MOST_FOLDED:
            break
        deeper = percent_decoded(escaped.encode("utf-8")).decode("utf-8", "replace")
        if deeper == text:
            return
        text = deeper
    raise BadRequest(f"path is encoded too many times: {raw_path[:80]!r}", code="path-escape")


def _fold(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", found[0])


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
