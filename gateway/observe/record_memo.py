"""Encodes once what the records of requests have in common that got the same permission again."""

from __future__ import annotations

from collections.abc import Callable
from operator import is_
from typing import Any, Final

from gateway.observe.decision_record import RecordEntry

_SIZE: Final = 512
# Characters: a longer path is not worth its memory.
_LONGEST: Final = 1_024
# What hardly any entry has: all fields after these.
_MORE: Final = slice(RecordEntry._fields.index("rules") + 1, None)
_NO_MORE: Final = tuple(RecordEntry._field_defaults[name] for name in RecordEntry._fields[_MORE])


class RecordMemo:
    """Remembers what `make` gave for an entry, for the latest decisions.

    It is given again for an entry with the very same decision, person and words of the request: a permission that is
    given again keeps these objects, and `make` must look at nothing else of an entry without an error, facts and the like.
    """

    def __init__(self, make: Callable[[RecordEntry], str]) -> None:
        self._make = make
        # The objects are kept beside the words: otherwise an id() could come to stand for others.
        self._made: dict[int, tuple[tuple[Any, ...], str]] = {}

    def __len__(self) -> int:
        return len(self._made)

    def __call__(self, entry: RecordEntry) -> str:
        """The words for this entry."""
        request, decision = entry.request, entry.decision
        if request is None or decision is None or entry[_MORE] != _NO_MORE or len(request.path) > _LONGEST:
            return self._make(entry)
        of_request = request.method, request.host, request.path, request.websocket, request.doubt
        about = decision, entry.identity, entry.session, entry.rules, *of_request
        found = self._made.get(id(decision))
        if found is not None and all(map(is_, found[0], about)):
            return found[1]
        words = self._make(entry)
        if len(self._made) >= _SIZE:
            del self._made[next(iter(self._made))]
        self._made[id(decision)] = about, words
        return words

    def clear(self) -> None:
        """Encode everything again from now on."""
        self._made.clear()
