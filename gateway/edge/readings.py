"""Reads paths under what an environment and its rules open: each way in which a server may read one is a reading.

A reading is made by rewriting the raw path to one that says the same to the strict reader, which then has the last
word: whatever it refuses in any reading is refused. The bytes that go on are never rewritten.
"""

from __future__ import annotations

import re
from binascii import a2b_qp
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Final, NoReturn

from gateway.edge.path import canonical_segments, plain_segments, strict_text
from gateway.edge.percent import percent_decoded
from gateway.edge.settings import PathSettings
from gateway.errors import BadRequest
from gateway.model import Doubt
from gateway.path_openings import EMPTY_SEGMENTS, HASH, OCTETS, PARAMETERS, QUESTION_MARK, SEMICOLON, SLASH

Segments = tuple[str, ...]
_Step = Callable[[bytes], Iterable[bytes]]

_SUSPECT: Final = re.compile(rb"%(?:2[3Ff]|3[BFbf]|[89A-Fa-f])")
_ESCAPES: Final = {
    kind: re.compile(escape)
    for kind, escape in (
        (SLASH, rb"%2[Ff]"),
        (HASH, rb"%23"),
        (QUESTION_MARK, rb"%3[Ff]"),
        (SEMICOLON, rb"%3[Bb]"),
    )
}
_CUT: Final = re.compile(rb"%3[Bb][^/]*")
_PARAMETERS: Final = re.compile(rb";([^/]*)")
# What a parameter may be made of: nothing that means something elsewhere in a path, however often it is decoded.
_TAME: Final = re.compile(rb"[A-Za-z0-9._~!$&'()*+,=:@;-]*")
_HIGH_SIGN: Final = re.compile(rb"%(?=[89A-Fa-f][0-9A-Fa-f])")
# UTF-8 that is longer than it has to be: sloppy decoders make ASCII of it (RFC 3629 section 3).
_OVERLONG: Final = re.compile(
    rb"[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]|\xf0[\x80-\x8f][\x80-\xbf]{2}"
)
# Noncharacters of Unicode stand for what is part of a name, so that the strict reader sees an ordinary letter.
_NONCHARACTERS: Final = re.compile(rb"\xef\xb7[\x90-\xaf]|\xef\xbf[\xbe\xbf]")
_HASH, _QUESTION_MARK, _SEMICOLON, _SLASH, _EMPTY = (chr(0xFDD0 + number).encode() for number in range(5))
_NAMES: Final = (("\ufdd0", "#"), ("\ufdd1", "?"), ("\ufdd2", ";"), ("\ufdd3", "%2F"), ("\ufdd4", ""))
_CONTROL: Final = re.compile(rb"\xc2[\x80-\x9f]")
# A sign that nobody sees, and that the strict reader takes for one.
_UNSEEN: Final = "\u2060".encode()
_REPLACEMENT: Final = "\ufffd".encode()
_MOST_KINDS: Final = 3
_SLASH_BEFORE_SLASH: Final = re.compile(rb"/(?=/)")
_SLASHES: Final = re.compile(rb"/{2,}")
_HOST: Final = re.compile(rb"^//[^/]*")
# What begins like several hosts, one behind the other, gives a reading for each of them.
_MOST_HOSTS: Final = 3
# Letters outside ASCII of which some servers make a "k" and an "s".
_FOLDS_TO_ASCII: Final = re.compile("[\u212a\u017f]")


class PathReader:
    """Reads the paths of one environment. `by_rules` gives what any of its rules opens at this moment."""

    def __init__(self, settings: PathSettings, by_rules: Callable[[], frozenset[str]] = frozenset) -> None:
        self._here = settings.names
        self._by_rules = by_rules
        self._folds = settings.case == "insensitive"
        self._looks_at_letters = self._folds or OCTETS in self._here

    def read(self, raw_path: bytes) -> tuple[Segments, Doubt | None]:
        """The segments of a path, and what is in doubt about it. Raises BadRequest like `canonical_segments`."""
        plain = plain_segments(raw_path)
        if plain is not None:
            return plain, None
        if b";" not in raw_path and b"//" not in raw_path and _SUSPECT.search(raw_path) is None:
            return canonical_segments(raw_path), None
        kinds = tuple(openings_for(raw_path))
        if not kinds and not self._looks_at_letters:
            return canonical_segments(raw_path), None
        needs = frozenset(kinds) - self._here
        if needs and not needs <= self._by_rules():
            _refuse(raw_path)
        if len(kinds) > _MOST_KINDS:
            raise BadRequest(f"path is ambiguous in too many ways: {raw_path[:80]!r}", code="path-ambiguous")
        readings = dict.fromkeys(self._read(raw_path, kinds))
        if self._folds:
            readings.update(dict.fromkeys([tuple(map(_folded, each)) for each in readings]))
        first, *others = readings
        return first, Doubt(tuple(others), needs) if others or needs else None

    def _read(self, raw_path: bytes, kinds: tuple[str, ...]) -> Iterator[Segments]:
        if not raw_path.isascii():
            canonical_segments(raw_path)
        if kinds:
            _check(raw_path, kinds)
        path = _with_octets(raw_path)
        for each in self._rewritten(self._decodings(path, kinds), kinds):
            yield tuple(_named(strict_text(each))[1:].split("/"))
        if OCTETS in kinds:
            # No decoder that drops octets may find a dot segment either.
            for each in self._rewritten((_without_octets(path, _REPLACEMENT),), kinds):
                strict_text(each)

    def _decodings(self, path: bytes, kinds: tuple[str, ...]) -> Iterator[bytes]:
        """The path with every octet in UTF-8, as it may be meant."""
        if OCTETS not in kinds:
            yield path
        if OCTETS in kinds or OCTETS in self._here:
            # Some decoders drop control characters.
            yield _CONTROL.sub(_UNSEEN, path.decode("latin-1").encode())
        if OCTETS in kinds and OCTETS not in self._here:
            yield _without_octets(path)

    def _rewritten(self, paths: Iterable[bytes], kinds: tuple[str, ...]) -> Iterable[bytes]:
        """The rewritings, in the order in which a server would cut, decode and split."""
        steps: list[_Step] = []
        if PARAMETERS in kinds:
            steps.append(_without_parameters if PARAMETERS in self._here else _with_or_without_parameters)
        steps += [step for kind, step in _ENCODED.items() if kind in kinds]
        if EMPTY_SEGMENTS in kinds:
            steps.append(_with_or_without_empty_segments)
        for step in steps:
            paths = dict.fromkeys(chain.from_iterable(map(step, paths)))
        return paths


def openings_for(raw_path: bytes) -> Iterator[str]:
    """The openings without which the strict reading refuses this path; it may be refused for other reasons too."""
    if b";" in raw_path:
        yield PARAMETERS
    for kind, escape in _ESCAPES.items():
        if escape.search(raw_path):
            yield kind
    if b"//" in raw_path:
        yield EMPTY_SEGMENTS
    try:
        percent_decoded(raw_path).decode("utf-8")
    except UnicodeDecodeError:
        yield OCTETS


def _refuse(raw_path: bytes) -> NoReturn:
    canonical_segments(raw_path)
    raise BadRequest(f"path is ambiguous: {raw_path[:80]!r}", code="path-ambiguous")


def _check(raw_path: bytes, kinds: tuple[str, ...]) -> None:
    octets = percent_decoded(raw_path)
    if _NONCHARACTERS.search(octets):
        raise BadRequest(f"path holds a noncharacter: {raw_path[:80]!r}", code="path-encoding")
    if OCTETS in kinds and _OVERLONG.search(octets):
        raise BadRequest(f"path holds overlong UTF-8: {raw_path[:80]!r}", code="path-encoding")
    if PARAMETERS in kinds and not all(map(_is_tame, _PARAMETERS.findall(raw_path))):
        raise BadRequest(f"a path parameter is not plain: {raw_path[:80]!r}", code="path-parameter")


def _is_tame(parameters: bytes) -> bool:
    octets = percent_decoded(parameters)
    return (
        _TAME.fullmatch(octets) is not None
        and octets.count(b";") == parameters.count(b";")
        and b".." not in octets
    )


def _without_parameters(raw: bytes) -> tuple[bytes, ...]:
    return (_PARAMETERS.sub(b"", raw),)


def _with_or_without_parameters(raw: bytes) -> tuple[bytes, ...]:
    return *_without_parameters(raw), raw.replace(b";", _SEMICOLON)


def _slashes(raw: bytes) -> tuple[bytes, ...]:
    return tuple(_ESCAPES[SLASH].sub(each, raw) for each in (_SLASH, b"/"))


def _ending(kind: str, mark: bytes) -> _Step:
    """The character is part of a name, or the path ends there."""
    escape = _ESCAPES[kind]
    return lambda raw: (escape.sub(mark, raw), escape.split(raw, maxsplit=1)[0])


def _semicolons(raw: bytes) -> tuple[bytes, ...]:
    return _ESCAPES[SEMICOLON].sub(_SEMICOLON, raw), _CUT.sub(b"", raw)


_ENCODED: Final[dict[str, _Step]] = {
    SLASH: _slashes,
    HASH: _ending(HASH, _HASH),
    QUESTION_MARK: _ending(QUESTION_MARK, _QUESTION_MARK),
    SEMICOLON: _semicolons,
}


def _with_or_without_empty_segments(raw: bytes) -> Iterator[bytes]:
    for _ in range(_MOST_HOSTS + 1):
        yield _SLASH_BEFORE_SLASH.sub(b"/" + _EMPTY, raw)
        yield _SLASHES.sub(b"/", raw)
        if not raw.startswith(b"//"):
            return
        # Some take what follows two slashes for a host (RFC 3986 section 4.2).
        raw = _HOST.sub(b"", raw) or b"/"
    raise BadRequest(f"path begins with too many hosts: {raw[:80]!r}", code="path-ambiguous")


def _with_octets(raw: bytes) -> bytes:
    """The path with octets in place of the escapes of those that are not ASCII."""
    return a2b_qp(_HIGH_SIGN.sub(b"=", raw.replace(b"=", b"=3D")))


def _named(text: str) -> str:
    for sign, name in _NAMES:
        text = text.replace(sign, name)
    return text


def _without_octets(path: bytes, instead: bytes = b"") -> bytes:
    """The path to a decoder that drops what is not UTF-8; `instead` stands for a segment of nothing else."""
    valid = path.decode("utf-8", "ignore").encode()
    if not instead:
        return valid
    parts = zip(valid.split(b"/"), path.split(b"/"), strict=True)
    return b"/".join(part or (before and instead) for part, before in parts)


def _folded(segment: str) -> str:
    """A segment with letters outside ASCII as servers may fold them that don't tell capitals from small letters."""
    if segment.isascii():
        return segment
    if _FOLDS_TO_ASCII.search(segment):
        raise BadRequest(f"path holds a letter that folds to ASCII: {segment[:80]!r}", code="path-encoding")
    return segment.upper().casefold()
