"""The names and attributes of the gateway's own cookies (RFC 6265; the __Host- prefix of draft RFC 6265bis, 4.1.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# The short name of the cookie with the language that somebody chose.
LANGUAGE: Final = "language"
_FAMILY: Final = "tgp-"


def cookie_prefix(environment: str, *, secure: bool) -> str:
    """How the name of every cookie of this environment begins; `secure` says whether the site is on https."""
    return f"{'__Host-' if secure else ''}{_FAMILY}{environment}-"


def of_every_environment(prefix: str) -> str:
    """How the names of all environments' cookies begin, where those of one begin with `prefix`: browsers send them to every
    port of a host.
    """
    before, family, _ = prefix.partition(_FAMILY)
    return before + family


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie by its full name, for the whole site and out of reach of scripts."""

    name: str
    secure: bool

    @classmethod
    def of(cls, environment: str, name: str, *, secure: bool) -> Cookie:
        """The cookie with this short name in this environment."""
        return cls(cookie_prefix(environment, secure=secure) + name, secure)

    def set(self, value: str, *, max_age: int | None = None) -> str:
        """The Set-Cookie value that gives it to the browser, for `max_age` seconds or until the browser closes."""
        age = "" if max_age is None else f"Max-Age={max_age}; "
        return f"{self.name}={value}; {age}Path=/; HttpOnly; SameSite=Lax{'; Secure' if self.secure else ''}"

    def clear(self) -> str:
        """The Set-Cookie value that removes it from the browser."""
        return self.set("", max_age=0)
