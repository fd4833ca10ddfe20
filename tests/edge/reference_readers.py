"""How servers read a path, written from their documentation: the same raw path gives each of them segments.

Every reader is a servlet container, nginx, PHP or a framework with some of its settings; None where it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product
from urllib.parse import unquote_to_bytes

from gateway.path_openings import PARAMETERS

Reader = Callable[[bytes], tuple[str, ...] | None]


def readers(
    here: frozenset[str], *, latin1: bool = False, folds: bool = False
) -> Iterator[tuple[str, Reader]]:
    """The servers that read paths as an environment that opens `here` says its register does."""
    cuts = (True,) if PARAMETERS in here else (True, False)
    encodings = ("latin-1",) if latin1 else ("utf-8", "latin-1", "drop")
    for cut, slash, merge, encoding in product(cuts, ("keep", "decode"), (True, False), encodings):
        yield (
            f"container cut={cut} slash={slash} merge={merge} {encoding}",
            _folding(_container(cut, slash, merge, encoding), folds),
        )
    for cut, encoding in product(cuts, encodings):
        for kind, mark in (
            ("#", rb"[#]"),
            ("?", rb"[?]"),
            ("#?", rb"[#?]"),
            (";", rb";[^/]*"),
            ("all", rb"[#?]|;[^/]*"),
        ):
            yield (
                f"framework cut={cut} again={kind} {encoding}",
                _folding(_framework(cut, mark, encoding), folds),
            )
        yield f"host cut={cut} {encoding}", _folding(_host_reader(cut, encoding), folds)


def _text(raw: bytes, encoding: str) -> str:
    return raw.decode("utf-8", "ignore") if encoding == "drop" else raw.decode(encoding, "replace")


def _container(cut: bool, slash: str, merge: bool, encoding: str) -> Reader:
    """Tomcat and Jetty: parameters off, decode, merge, resolve dots. nginx is the one that doesn't cut."""

    def read(raw: bytes) -> tuple[str, ...] | None:
        if cut:
            raw = re.sub(rb";[^/]*", b"", raw)
        if slash == "keep":
            raw = re.sub(rb"(?i)%2F", b"%252F", raw)
        path = unquote_to_bytes(raw)
        if merge:
            path = re.sub(rb"/+", b"/", path)
        return _resolved(_text(path, encoding))

    return read


def _framework(cut: bool, mark: bytes, encoding: str) -> Reader:
    """One that decodes the path and then takes it for an address, so that a mark in it counts."""

    def read(raw: bytes) -> tuple[str, ...] | None:
        if cut:
            raw = re.sub(rb";[^/]*", b"", raw)
        path = unquote_to_bytes(re.sub(rb"(?i)%2F", b"%252F", raw))
        return _resolved(
            _text(
                re.sub(
                    mark + rb".*"
                    if mark.startswith(b"[") and b"|" not in mark
                    else rb"[#?].*|;[^/]*"
                    if b"|" in mark
                    else mark,
                    b"",
                    path,
                ),
                encoding,
            )
        )

    return read


def _host_reader(cut: bool, encoding: str) -> Reader:
    """PHP's parse_url of the request line: what follows two slashes is a host."""

    def read(raw: bytes) -> tuple[str, ...] | None:
        if cut:
            raw = re.sub(rb";[^/]*", b"", raw)
        if raw.startswith(b"//"):
            raw = re.sub(rb"^//[^/]*", b"", raw) or b"/"
        return _resolved(_text(unquote_to_bytes(re.sub(rb"(?i)%2F", b"%252F", raw)), encoding))

    return read


def _resolved(path: str) -> tuple[str, ...] | None:
    """The segments after dot segments are resolved (RFC 3986 section 5.2.4); None above the root."""
    found: list[str] = []
    for segment in path[1:].split("/"):
        if segment == "..":
            if not found:
                return None
            found.pop()
        elif segment != ".":
            found.append(segment)
    return tuple(found)


def _folding(reader: Reader, folds: bool) -> Reader:
    """A server on Windows: names are looked up in capitals."""
    if not folds:
        return reader

    def read(raw: bytes) -> tuple[str, ...] | None:
        found = reader(raw)
        return None if found is None else tuple(segment.upper().casefold() for segment in found)

    return read
