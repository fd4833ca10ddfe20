"""Rewrites the register's own addresses in its responses to those that the client must see, below the gateway's public address."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import SplitResult, urlsplit

ADDRESS_HEADERS: Final = frozenset((b"location", b"content-location", b"refresh"))
"""Headers of an answer that hold an address."""

# Only what every browser reads as scheme, authority and the rest; whatever is written in another way stays as it is.
_ABSOLUTE: Final = re.compile(rb"(?:(https?):)?//([^/?#\\@]*)((?:[/?#].*)?)", re.IGNORECASE)
# As the HTML standard reads it: a blank alone may stand between the seconds and the address.
_REFRESH: Final = re.compile(rb"(\s*[0-9.]+(?:\s*[;,]\s*|\s+)(?:url\s*=\s*)?)([\"']?)(.*)", re.IGNORECASE)
_DEFAULT_PORTS: Final = {b"http": b":80", b"https": b":443"}


class AddressRewriter:
    """Rewrites what names one of `inside`, the origins of the register, so that it leads to `public_url`.

    An origin is meant with http or https, and with or without its port; other origins are never touched. `prefix` is
    the path of the register that the gateway's "/" stands for, `outer` the path outside that all of the register is
    below; both without a slash at their end. A path that already begins with `outer` stays as it is: the register
    knows it from X-Forwarded-Prefix.

    `hosts` are the names of this site (host or host:port) that the register gets as Host. Where the site is on https, a
    register that doesn't know of it writes them with http: that becomes https.
    """

    def __init__(
        self,
        inside: Iterable[str],
        public_url: str,
        prefix: str = "",
        outer: str = "",
        *,
        hosts: Iterable[str] = (),
    ) -> None:
        public = urlsplit(public_url)
        self._public = public_url.rstrip("/").encode("ascii")
        self._public_host = (public.hostname or "").encode("ascii")
        self._prefix = prefix.encode("ascii")
        self._outer = outer.encode("ascii")
        origins = [urlsplit(each) for each in inside]
        self._hosts = frozenset(_spellings(each)[0].encode("ascii") for each in origins)
        self._authorities = frozenset(
            authority.encode("ascii") for each in origins for authority in _spellings(each)
        )
        secure_inside = bool(origins) and all(each.scheme == "https" for each in origins)
        self._secured = (
            {spelling: b"https://" + host for host in map(str.encode, hosts) for spelling in _unsecured(host)}
            if public.scheme == "https"
            else {}
        )
        self._adds_secure = public.scheme == "https" and not secure_inside
        self._drops_secure = public.scheme == "http" and secure_inside

    def header(self, name: bytes, value: bytes) -> bytes:
        """The value of one of ADDRESS_HEADERS as the client must see it."""
        if name != b"refresh":
            return self.address(value)
        parts = _REFRESH.fullmatch(value)
        if parts is None:
            return value
        before, quote, rest = parts.groups()
        end = rest.find(quote) if quote else len(rest)
        end = len(rest) if end < 0 else end
        return b"%b%b%b%b" % (before, quote, self.address(rest[:end]), rest[end:])

    def address(self, value: bytes) -> bytes:
        """An address as the client must see it: a path of this site where it named the register, else as it is."""
        parts = _ABSOLUTE.fullmatch(value)
        if parts is None:
            seen = self._outside(value) if value.startswith(b"/") else value
            return value if seen == value else self._of_this_site(seen)
        scheme, authority, rest = parts[1].lower() if parts[1] else b"", _shortest(parts[2].lower()), parts[3]
        path = rest if rest.startswith(b"/") else b"/" + rest
        if authority.removesuffix(_DEFAULT_PORTS.get(scheme, b":")) in self._authorities:
            return self._of_this_site(self._outside(path))
        secured = self._secured.get(authority) if scheme == b"http" else None
        return value if secured is None else secured + self._outside(path)

    def cookie(self, line: bytes) -> bytes:
        """A Set-Cookie value without the register's own domain, and with the path and Secure of this site."""
        pair, *attributes = line.split(b";")
        kept = [pair]
        secure = False
        # Once for the whole line: it may have thousands of attributes.
        moves = bool(self._prefix or self._outer) and not _is_for_all_paths(line)
        drops = self._drops_secure and not _needs_secure(line)
        for attribute in attributes:
            name, _, value = (each.strip() for each in attribute.partition(b"="))
            match name.lower():
                case b"domain" if self._is_inside_only(value.lstrip(b".").lower()):
                    continue
                case b"path" if moves and value.startswith(b"/"):
                    # Without a slash at its end it holds for the outer path itself too, which is the application's "/".
                    of_all = self._outer != b"" and value in (b"/", self._prefix)
                    path = self._outer if of_all else self._outside(value)
                    kept.append(b" Path=" + path)
                    continue
                case b"secure":
                    secure = True
                    if drops:
                        continue
            kept.append(attribute)
        if self._adds_secure and not secure:
            kept.append(b" Secure")
        return b";".join(kept)

    def _is_inside_only(self, domain: bytes) -> bool:
        """Whether a domain is the register's, and no browser would take it from the public host."""
        names = (domain, b"." + domain)
        if self._public_host == domain or self._public_host.endswith(names[1]):
            return False
        return any(host == domain or host.endswith(names[1]) for host in self._hosts)

    def _of_this_site(self, path: bytes) -> bytes:
        """The path as an address: two slashes at its beginning would name another host; browsers drop tabs before."""
        begins = path.translate(None, b"\t")[1:2]
        return self._public + path if begins in (b"/", b"\\") else path

    def _outside(self, path: bytes) -> bytes:
        """A path of the register, with what follows it, as people see it."""
        outer = self._outer
        if outer and path.startswith(outer) and path[len(outer) : len(outer) + 1] in (b"", b"/", b"?", b"#"):
            return path
        rest = _below(path, self._prefix)
        return path if rest is None else outer + rest


def _below(path: bytes, prefix: bytes) -> bytes | None:
    """What follows the prefix in this path; None where that is not whole segments of it."""
    if not path.startswith(prefix):
        return None
    rest = path[len(prefix) :]
    if rest.startswith(b"/"):
        return rest
    return b"/" + rest if rest[:1] in (b"", b"?", b"#") else None


def _shortest(authority: bytes) -> bytes:
    """The authority with an IPv6 address as RFC 5952 writes it: Java writes all of its parts."""
    address, bracket, port = authority.partition(b"]")
    if not address.startswith(b"["):
        return authority
    try:
        return b"[%b%b%b" % (IPv6Address(address[1:].decode("ascii")).compressed.encode(), bracket, port)
    except ValueError:
        return authority


def _unsecured(host: bytes) -> tuple[bytes, ...]:
    """How a register that got this Host writes it behind http://."""
    has_port = b":" in host.rpartition(b"]")[2]
    return (host,) if has_port else (host, host + b":", host + b":80", host + b":443")


def _spellings(origin: SplitResult) -> tuple[str, ...]:
    name = f"[{origin.hostname}]" if ":" in (origin.hostname or "") else origin.hostname or ""
    name = _shortest(name.encode("ascii")).decode("ascii")
    return name, f"{name}:", f"{name}:{origin.port or (443 if origin.scheme == 'https' else 80)}"


def _is_for_all_paths(line: bytes) -> bool:
    """Whether browsers refuse this cookie with another path than "/" (RFC 6265bis section 4.1.3.2)."""
    return line.lower().lstrip().startswith(b"__host-")


def _needs_secure(line: bytes) -> bool:
    """Whether browsers refuse this cookie without Secure (RFC 6265bis section 4.1.3, and SameSite=None)."""
    return line.lower().lstrip().startswith((b"__secure-", b"__host-")) or (
        re.search(rb";\s*samesite\s*=\s*none\s*(?:;|$)", line, re.IGNORECASE) is not None
    )
