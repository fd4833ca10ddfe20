"""What became of what somebody sent: how far it came, and whether the gateway still has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.http_semantics import SAFE, Forwarded
from gateway.pages.catalogue import message


@dataclass(frozen=True, slots=True)
class KeptNote:
    """A form that still waits. `url` asks whether to send it, `until` is in seconds since the epoch.

    `organisation` (its name) is that of the form, and `switch_url` leads there, where the reader acts for another one.
    """

    url: str
    until: float
    organisation: str | None = None
    switch_url: str | None = None


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """How far a request for the register came, and the form that is kept of it. None for what was not for the register."""

    forwarded: Forwarded | None = None
    kept: KeptNote | None = None


NO_OUTCOME: Final = RequestOutcome()
_WORDS: Final = {
    "no": message("Nothing of it reached the register: nothing was saved or changed."),
    "partly": message(
        "Only a part of what you sent reached the register. Check whether anything was saved before you send it again."
    ),
    "wholly": message(
        "The register received what you sent, but we got no usable answer from it. "
        "It may have been saved or changed: check that before you send it again."
    ),
}
AGAIN: Final = message(
    "Stay on this page and reload it later: your browser then asks whether it may send the same again."
)


def changes_something(method: str | None) -> bool:
    """Whether a request with this method is meant to save or change anything (RFC 9110 section 9.2.1)."""
    return method is not None and method not in SAFE


def outcome_words(forwarded: Forwarded | None, method: str | None) -> str | None:
    """The message id that says what became of the request; None where nothing could have been saved."""
    return _WORDS[forwarded] if forwarded is not None and changes_something(method) else None
