"""ACM's signing keys: which one signs now, and which ones are published. Faults of keys are here too."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import cached_property
from typing import Any

from joserfc.jwk import RSAKey

from simulator.faults import Faults
from simulator.faults.catalogue import KEYS_ROTATED, UNKNOWN_KID

OVERLAP_SECONDS = 3600


class SigningKeys:
    """A key that is replaced stays published for as long as tokens that it signed can live."""

    def __init__(self, clock: Callable[[], float], faults: Faults) -> None:
        self._clock = clock
        self._faults = faults
        self._current = _new_key()
        self._earlier: list[tuple[RSAKey, float]] = []

    @property
    def signing(self) -> RSAKey:
        """The private key that signs now."""
        if self._faults.is_on(UNKNOWN_KID):
            return self._unpublished
        return self._sudden if self._faults.is_on(KEYS_ROTATED) else self._current

    def published(self) -> dict[str, Any]:
        """The public keys, as a JWK set."""
        if self._faults.is_on(KEYS_ROTATED):
            keys = [self._sudden]
        else:
            now = self._clock()
            keys = [self._current, *(key for key, until in self._earlier if until > now)]
        return {"keys": [key.as_dict(private=False) for key in keys]}

    def rotate(self) -> str:
        """Sign with a new key from now on; its key id."""
        now = self._clock()
        kept = [(key, until) for key, until in self._earlier if until > now]
        self._earlier = [(self._current, now + OVERLAP_SECONDS), *kept]
        self._current = _new_key()
        return str(self._current.kid)

    @cached_property
    def _unpublished(self) -> RSAKey:
        return _new_key()

    @cached_property
    def _sudden(self) -> RSAKey:
        return _new_key()


def _new_key() -> RSAKey:
    return RSAKey.generate_key(
        2048, parameters={"kid": secrets.token_hex(8), "use": "sig", "alg": "RS256"}, private=True
    )
