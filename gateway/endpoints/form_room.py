"""How many forms may wait for a login, so that nobody fills the session store with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cachetools import TTLCache

from gateway.client_limits import client_of

_MOST_FORMS = 2_000
_MOST_PER_CLIENT = 20
_MOST_PER_TICKET = 5
# What the store needs beside the form itself.
_OVERHEAD = 1_024


@dataclass(frozen=True, slots=True)
class _Place:
    client: str
    ticket: str
    size: int


class FormRoom:
    """The places of the forms that one process keeps, each for `seconds`; all together take `most_bytes`.

    `steady` is a clock in seconds that never goes back.
    """

    def __init__(self, most_bytes: int, seconds: float, *, steady: Callable[[], float]) -> None:
        self._most_bytes = most_bytes
        self._places: TTLCache[str, _Place] = TTLCache(_MOST_FORMS, seconds, timer=steady)

    def take(self, form_id: str, *, client: str, ticket: str, size: int) -> bool:
        """Take a place for a form of `size` octets; False where all places are taken, or those of this client.

        `client` is the network address that sends it, `ticket` that of the session that ended.
        """
        self._places.expire()
        # In base64 every three octets become four.
        place = _Place(client_of(client), ticket, size * 4 // 3 + _OVERHEAD)
        taken = list(self._places.values())
        if (
            len(taken) >= _MOST_FORMS
            or sum(each.size for each in taken) + place.size > self._most_bytes
            or sum(each.client == place.client for each in taken) >= _MOST_PER_CLIENT
            or sum(each.ticket == place.ticket for each in taken) >= _MOST_PER_TICKET
        ):
            return False
        self._places[form_id] = place
        return True

    def leave(self, form_id: str) -> None:
        """Free the place of a form that is not kept any more."""
        self._places.pop(form_id, None)
