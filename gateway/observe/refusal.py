"""What a record says of a request that was refused: why, what was asked as far as it could be read, and what was shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from gateway.model import NOTHING
from gateway.observe.masking import clean, mask

_LONGEST: Final = 300
_REQUEST_LINE: Final = re.compile(rb"\s*([!-~]{1,40})[ \t]+([^\s]+)")
_HOST: Final = re.compile(rb"(?im)^host:[ \t]*([^\r\n]*)")
# What stands in the value of a path parameter may be a secret: the id of a session.
_PARAMETER: Final = re.compile(r";[^/]*")
_USER: Final = re.compile(r"//[^/@]*@")


class RawRequest(NamedTuple):
    """What was asked of the gateway, as it came: without a canonical form, masked, and cut to a bounded length."""

    method: str
    host: str
    target: str


class Refusal(NamedTuple):
    """What became of a request that was refused.

    `reason`: a stable code. `raw_request` where there is no canonical request. `shown`: "page", "document" for what
    programs get, "step-up", "login" for a redirect to one, "form" for a page about a kept form, "listener"; "" where the
    client got no answer. `viewer`: who saw it (in records `looking`), "" where that is not known. `facts` are the public
    ones of the error, `detail` is for operators. `forwarded`: how far the request came, None where it was not for the
    register.
    """

    reason: str | None
    raw_request: RawRequest | None = None
    shown: str = "page"
    language: str = ""
    viewer: str = ""
    facts: Mapping[str, Any] = NOTHING
    detail: str = ""
    forwarded: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The value of `answer` in a record."""
        found: dict[str, Any] = {"shown": self.shown}
        said = {"language": self.language, "looking": self.viewer, "forwarded": self.forwarded}
        found.update({name: value for name, value in said.items() if value})
        if self.facts:
            found["facts"] = {name: _fact(name, value) for name, value in self.facts.items()}
        if self.detail:
            found["detail"] = clean(self.detail[:_LONGEST])
        return found


def _fact(name: str, value: Any) -> Any:
    """A public fact as it may be kept: an address without its query."""
    return clean(value.partition("?")[0] if isinstance(value, str) else value, name)


def raw_request_of_scope(scope: Mapping[str, Any]) -> RawRequest:
    """What an ASGI scope asks for."""
    target: bytes = scope.get("raw_target") or scope.get("raw_path") or b""
    host = next((value for name, value in scope.get("headers", ()) if name == b"host"), b"")
    return _raw_request(scope.get("method", "").encode("utf-8", "replace"), host, target)


def raw_request_of_head(head: bytes) -> RawRequest | None:
    """What octets ask for that could not be read as the head of a request; None where they name no target."""
    line, host = _REQUEST_LINE.match(head), _HOST.search(head)
    if line is None:
        return None
    return _raw_request(line[1], host[1].strip() if host is not None else b"", line[2])


def _raw_request(method: bytes, host: bytes, target: bytes) -> RawRequest:
    path = target.partition(b"?")[0].partition(b"#")[0]
    return RawRequest(
        _text(method, 40), _text(host, 253), _PARAMETER.sub(";", _USER.sub("//", _text(path, _LONGEST)))
    )


def _text(octets: bytes, longest: int) -> str:
    # Masked before it is cut: half a national number would not be recognized.
    text = octets[: 4 * longest].decode("utf-8", "backslashreplace")
    plain = unquote(text)
    text = mask(plain) if mask(plain) != plain else mask(text)
    return text if len(text) <= longest else f"{text[:longest]}..."
