"""Which program asks, by its bearer token or its client certificate."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from gateway.authzen.messages import Unanswerable
from gateway.authzen.settings import CallerSettings, Right
from gateway.http_semantics import HeaderLine
from gateway.settings import Secret

SHORTEST: Final = 32
_SCHEME: Final = b"bearer "


@dataclass(frozen=True, slots=True)
class CallingProgram:
    """A program that asks, by its name in the configuration."""

    name: str
    settings: CallerSettings

    def may(self, right: Right) -> bool:
        """Whether it may do this, as in `may:`."""
        return right in self.settings.may

    def require(self, right: Right) -> None:
        """Raises Unanswerable (403) where it may not do this."""
        if not self.may(right):
            raise Unanswerable(f"{self.name} may not {right}: its settings lack `may: [{right}]`", 403)


class Callers:
    """The programs of one environment. The tokens are read by `read`, not in the constructor."""

    def __init__(self, settings: Mapping[str, CallerSettings]) -> None:
        self._programs = tuple(CallingProgram(name, each) for name, each in settings.items())
        self._tokens: dict[str, tuple[bytes, ...]] = {}

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files with the tokens."""
        every = (secret for each in self._programs for secret in each.settings.bearer)
        return tuple(secret.path for secret in every if secret.path is not None)

    def read(self) -> None:
        """Read the tokens. Raises ValueError with a message for operators; then those before stay in use."""
        found = {each.name: tuple(map(_digest_of, each.settings.bearer)) for each in self._programs}
        every = [token for several in found.values() for token in several]
        if len(set(every)) < len(every):
            raise ValueError("two callers of the decision point have one bearer token: give each its own")
        self._tokens = found

    def find(self, headers: Iterable[HeaderLine], certificate: bytes | None) -> CallingProgram | None:
        """Who asks, by the header lines and the certificate (DER) of the connection; None for anybody else."""
        lines = [value for name, value in headers if name == b"authorization"]
        token: bytes | None = None
        if len(lines) == 1 and lines[0][: len(_SCHEME)].lower() == _SCHEME:
            token = hashlib.sha256(lines[0][len(_SCHEME) :].strip()).digest()
        names = _names(certificate) if certificate is not None else frozenset[str]()
        found = None
        # All are compared, so that the time says nothing.
        for program in self._programs:
            if self._is(program, token, names) and found is None:
                found = program
        return found

    def _is(self, program: CallingProgram, token: bytes | None, names: frozenset[str]) -> bool:
        by_token = not program.settings.bearer
        if program.settings.bearer and token is not None:
            same = [hmac.compare_digest(token, each) for each in self._tokens.get(program.name, ())]
            by_token = True in same
        wanted = program.settings.certificate
        return by_token and (wanted is None or wanted in names)


def _digest_of(secret: Secret) -> bytes:
    token = secret.read().strip()
    if len(token) < SHORTEST:
        raise ValueError(
            f"{secret.reference}: a bearer token has {SHORTEST} characters or more; `openssl rand -hex 32` makes one"
        )
    return hashlib.sha256(token).digest()


@lru_cache(maxsize=256)
def _names(certificate: bytes) -> frozenset[str]:
    """By what this certificate (DER) can be named in the settings."""
    found = {f"sha256:{hashlib.sha256(certificate).hexdigest()}"}
    try:
        parsed = x509.load_der_x509_certificate(certificate)
        names: Any = parsed.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    except (ValueError, x509.ExtensionNotFound):
        return frozenset(found)
    found.update(f"dns:{name}" for name in _texts(names.get_values_for_type(x509.DNSName)))
    found.update(f"uri:{name}" for name in _texts(names.get_values_for_type(x509.UniformResourceIdentifier)))
    return frozenset(found)


def _texts(values: Sequence[Any]) -> Iterable[str]:
    return (value for value in values if isinstance(value, str))
