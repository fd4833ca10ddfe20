"""Encodings of texts in header values: the other side can read back exactly that text, or the header is absent.

Encoded values never contain CR, LF, NUL or another control character.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from urllib.parse import quote

from gateway.identity.settings import Encoding

# quote() always leaves letters, digits and "_.-~" alone; these printable characters stay readable beside them.
_READABLE = " !\"#$&'()*+,/:;<=>?@[\\]^`{|}"
# RFC 8187 section 3.2.1: attr-char beside letters and digits.
_ATTR_CHARS = "!#$&+^`|"


def _well_formed(text: str) -> str:
    # A JSON string may contain half a surrogate pair, which cannot be encoded.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _quoted(text: str, readable: str) -> str:
    value = quote(_well_formed(text), safe=readable)
    # Spaces at the ends would be stripped on the way (RFC 9110 section 5.5).
    body = value.strip(" ")
    if body == value:
        return value
    before = len(value) - len(value.lstrip(" "))
    after = len(value) - len(body) - before
    return "%20" * before + body + "%20" * after


def percent(text: str) -> bytes:
    """UTF-8 percent-encoding of "%", control characters, spaces at the ends and everything outside ASCII."""
    return _quoted(text, _READABLE).encode("ascii")


def rfc8187(text: str) -> bytes:
    """The text itself if it is printable ASCII, else as ext-value of RFC 8187: UTF-8''J%C3%B6rg."""
    plain = text.isascii() and text.isprintable() and text == text.strip(" ")
    if plain and not text.lower().startswith("utf-8'"):
        return text.encode("ascii")
    return b"UTF-8''" + quote(_well_formed(text), safe=_ATTR_CHARS).encode("ascii")


def base64url(text: str) -> bytes:
    """Base64url of the UTF-8 octets, without padding, also of plain ASCII (RFC 4648 section 5)."""
    return urlsafe_b64encode(_well_formed(text).encode()).rstrip(b"=")


def latin1(text: str) -> bytes | None:
    """ISO-8859-1 octets; None if they cannot represent the text: an absent header is better than a wrong one."""
    try:
        value = text.encode("latin-1")
    except UnicodeEncodeError:
        return None
    carried = all(32 <= octet < 127 or octet >= 160 for octet in value) and value == value.strip(b" ")
    return value if carried else None


def _in_list(text: str, separator: str) -> str:
    return text.replace("%", "%25").replace(separator[0], f"%{ord(separator[0]):02X}")


ENCODERS: dict[Encoding, Callable[[str], bytes | None]] = {
    "percent": percent,
    "rfc8187": rfc8187,
    "base64url": base64url,
    "latin1": latin1,
}


def encode(text: str, encoding: Encoding) -> bytes | None:
    """One text as the value of a header; None if it is empty or the encoding cannot represent it."""
    return (ENCODERS[encoding](text) or None) if text else None


def encode_list(texts: Iterable[str], encoding: Encoding, separator: str = ",") -> bytes | None:
    """A list as one value: elements with `separator` between them; its first character and "%" inside them are encoded.

    With `percent`, split at the separator and decode each element once. With the others, decode the whole value first.
    """
    elements = [text for text in texts if text]
    if encoding == "percent":
        readable = _READABLE.replace(separator[0], "")
        between = separator.encode("ascii")
        return between.join(_quoted(text, readable).encode("ascii") for text in elements) or None
    return encode(separator.join(_in_list(text, separator) for text in elements), encoding)
