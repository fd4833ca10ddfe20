"""What an operator can set about the keys of an environment beside those of its sessions."""

from __future__ import annotations

from gateway.key_files.keyring import Purpose, Ring
from gateway.settings import SecretRef, Settings


class KeySettings(Settings):
    """The keys for one purpose."""

    key: SecretRef
    """At least 32 random octets, as file:PATH or env:NAME; a file that `gateway keys` wrote can have several."""

    previous: tuple[SecretRef, ...] = ()
    """Earlier keys, which still open what they sealed."""


class KeysSection(Settings):
    """Keys of their own for what otherwise uses the file of `session.key`."""

    flows: KeySettings | None = None
    """Seal logins that are under way."""

    pseudonyms: KeySettings | None = None
    """Make the pseudonyms of people in records and blocks. Name earlier keys as long as blocks need them: see
    `gateway keys list`."""

    records: KeySettings | None = None
    """Seal decision records, so that nobody without the key can rewrite them. Name earlier keys as long as records that
    they sealed are kept."""

    def ring(self, purpose: Purpose, sessions: Ring) -> Ring:
        """The keys for this purpose, where `sessions` are those for sessions."""
        own: KeySettings | None = None if purpose == "sessions" else getattr(self, purpose)
        return Ring(purpose, (own.key, *own.previous) if own is not None else sessions.secrets)
