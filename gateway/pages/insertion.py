"""Puts a script tag into an HTML document as it streams past: right after `<head>`, or where that would begin."""

from __future__ import annotations

import re
from typing import Final

_BLANKS: Final = (b" ", b"\t", b"\n", b"\f", b"\r")
# A document that says so much before its head begins is left as it is.
_MOST: Final = 16_384
# A tag's name and attributes up to its end. Only right after "=" quotes are quotes (HTML, sections 13.2.5.32 to 13.2.5.40).
_REST_OF_TAG: Final = re.compile(
    rb"""
    [^ \t\n\f\r/>]*+
    (?: [ \t\n\f\r/]
      | [^ \t\n\f\r/>] [^ \t\n\f\r/>=]*+
        (?: [ \t\n\f\r]*+ = [ \t\n\f\r]*+ (?: "[^"]*" | '[^']*' | [^ \t\n\f\r>"'][^ \t\n\f\r>]*+ | (?=>) )
          | (?! [ \t\n\f\r]*+ = ) )
    )*+ >
    """,
    re.VERBOSE,
)
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
# Also as browsers know XML by its beginning (HTML, section 13.2.3.2).
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")


class Insertion:
    """Takes the parts of one document and gives them back with `tag` inside.

    In a document only white space, comments, a doctype, `<html>` and `<head>` come before the place (HTML, section
    13.2.6.4): what is there is never inside a string, a comment or an attribute.
    """

    def __init__(self, tag: bytes) -> None:
        self._tag = tag
        self._held: bytes | None = b""

    def __call__(self, part: bytes, *, last: bool) -> bytes:
        """What goes on of the document, now that this part is there too; empty where the place is not known yet."""
        if self._held is None:
            return part
        held = self._held + part
        place = _place(held[:_MOST])
        if place is None and not last and len(held) < _MOST:
            self._held = held
            return b""
        self._held = None
        return held if place is None else held[:place] + self._tag + held[place:]


def _place(document: bytes) -> int | None:
    """Where the tag goes; None where that cannot be said of so much of the document, or of no document."""
    if document.startswith(_WIDE):
        return None
    at = len(_BYTE_ORDER_MARK) if document.startswith(_BYTE_ORDER_MARK) else 0
    while True:
        while document[at : at + 1] in _BLANKS:
            at += 1
        if len(document) - at < len("<!--"):
            return None
        if document.startswith(b"<!--", at):
            end = _end_of_comment(document, at)
        elif document.startswith((b"<!", b"<?"), at):
            end = document.find(b">", at) + 1
        elif _is_tag(document, at, b"html"):
            end = _end_of_tag(document, at)
        elif _is_tag(document, at, b"head"):
            return _end_of_tag(document, at) or None
        else:
            # Perhaps the name of a tag, of which the rest is still to come.
            return at if len(document) - at >= len("<html ") or document[at : at + 1] != b"<" else None
        if not end:
            return None
        at = end


def _is_tag(document: bytes, at: int, name: bytes) -> bool:
    end = at + 1 + len(name)
    return document[at:end].lower() == b"<" + name and document[end : end + 1] in (*_BLANKS, b"/", b">")


def _end_of_comment(document: bytes, at: int) -> int:
    """Behind a comment; 0 where it does not end. `<!-->` and `<!--->` are whole comments, and `--!>` ends one too."""
    for empty in (b"<!-->", b"<!--->"):
        if document.startswith(empty, at):
            return at + len(empty)
    ends = [found + len(mark) for mark in (b"-->", b"--!>") if (found := document.find(mark, at + 4)) >= 0]
    return min(ends, default=0)


def _end_of_tag(document: bytes, at: int) -> int:
    """Behind a start tag, whose attributes may hold a ">" in quotes; 0 where it does not end."""
    found = _REST_OF_TAG.match(document, at + 1)
    return found.end() if found is not None else 0
