"""How many forms may wait for a login, so that nobody fills the session store with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cachetools import TTLCache

from gateway.client_limits import client_of

_MOST_FORMS = 2_000
_MOST_PER_CLIENT = 20
_MOST_PER_PERSON = 5
# What the store needs beside the form itself.
_OVERHEAD = 4_096


@dataclass(frozen=True, slots=True)
class _Place:
    client: str
    person: tuple[str, str]
    size: int


class FormRoom:
    """The places of the forms that one process keeps, each for `seconds`; all together take `most_bytes`.

    One network address has at most 20 forms and half of the octets, one person at most 5 and a quarter; a single form
    may be larger than that share. `steady` is a clock in seconds that never goes back.
    """

    def __init__(self, most_bytes: int, seconds: float, *, steady: Callable[[], float]) -> None:
        self._most_bytes = most_bytes
        self._places: TTLCache[str, _Place] = TTLCache(_MOST_FORMS, seconds, timer=steady)

    def take(self, form_id: str, *, client: str, person: tuple[str, str], size: int) -> bool:
        """Take a place for a form of `size` octets; False where all places are taken, or those of this client or person.

        `client` is the network address that sends it, `person` is issuer and subject of the session that ended.
        """
        self._places.expire()
        place = _Place(client_of(client), person, size + _OVERHEAD)
        taken = list(self._places.values())
        of_client = [each for each in taken if each.client == place.client]
        of_person = [each for each in taken if each.person == place.person]
        if (
            place.size > self._most_bytes
            or not _fits(place, taken, _MOST_FORMS, self._most_bytes)
            or not _fits(place, of_client, _MOST_PER_CLIENT, self._most_bytes // 2)
            or not _fits(place, of_person, _MOST_PER_PERSON, self._most_bytes // 4)
        ):
            return False
        self._places[form_id] = place
        return True

    def leave(self, form_id: str) -> None:
        """Free the place of a form that is not kept any more."""
        self._places.pop(form_id, None)


def _fits(place: _Place, taken: Iterable[_Place], most: int, most_bytes: int) -> bool:
    sizes = [each.size for each in taken]
    return len(sizes) < most and (not sizes or sum(sizes) + place.size <= most_bytes)
