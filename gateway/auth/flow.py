"""Logins that are under way. The state says, sealed, where a login leads; a cookie shows which browser began it.

Nothing is kept here, and both stay small: the state goes through the provider, and the cookies of many tabs come along
with each request.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.cookies import Cookie, cookie_prefix

_STATE = re.compile(r"([0-9a-f]{20})\.([A-Za-z0-9_-]{120,4096})")
_ID = re.compile(r"[0-9a-f]{20}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_NONCE = 12
MOST_FLOWS = 20
LONGEST_TARGET = 256
"""Octets of the longest target that travels in the state itself."""


@dataclass(frozen=True, slots=True)
class LoginIntent:
    """What a login is for. `target` is the path to return to; `kept` says where a longer one is kept.

    `hint` is who the provider was asked to log in; `attempt` counts the logins before this one that were started again
    by themselves, `rounds` those of this browser that came right before it; `had` tells the ticket that it had then from
    others. `silent`: the provider was asked to show no page. `started_at` is in seconds since the epoch.
    """

    target: str
    started_at: float
    kept: str = ""
    acr_values: tuple[str, ...] = ()
    hint: str | None = None
    attempt: int = 0
    silent: bool = False
    rounds: int = 0
    had: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """One login of one browser. `id` begins with the time, so that ids sort by age; `state` begins with the id.

    `secret` and `check`, which proves that a gateway made it for this state, are in the browser's cookie.
    """

    id: str
    state: str
    secret: str
    check: str
    nonce: str
    verifier: str
    intent: LoginIntent


class _Keys:
    """What one key is used for: to seal states, and to derive the secrets of a flow."""

    def __init__(self, key: bytes, environment: str) -> None:
        def derived(purpose: str) -> bytes:
            info = f"toegangspoort {purpose} {environment}".encode()
            return HKDF(SHA256(), 32, salt=None, info=info).derive(key)

        self.cipher = AESGCM(derived("flow"))
        self.secrets = derived("flow secrets")


class FlowCookies:
    """The flows of one environment. `keys` have at least 32 secret octets each: the first one seals new flows, and
    flows under any of them open. `lifetime` is in seconds.
    """

    def __init__(self, *, environment: str, keys: Sequence[bytes], secure: bool, lifetime: float) -> None:
        self._keys = tuple(_Keys(key, environment) for key in keys)
        self._environment = environment.encode()
        self._secure = secure
        self._lifetime = lifetime
        self.prefix = f"{cookie_prefix(environment, secure=secure)}flow-"

    def begin(self, intent: LoginIntent) -> Flow:
        """A new flow with a fresh secret of 256 bits, of which all others are made."""
        flow_id = f"{int(intent.started_at) & 0xFFFFFFFFFF:010x}{os.urandom(5).hex()}"
        secret, nonce = _text(os.urandom(32)), os.urandom(_NONCE)
        plain = json.dumps(asdict(intent), separators=(",", ":")).encode()
        keys = self._keys[0]
        sealed = nonce + keys.cipher.encrypt(nonce, plain, self._bound(flow_id))
        return _flow(keys, f"{flow_id}.{_text(sealed)}", flow_id, secret, intent)

    def set_cookie(self, flow: Flow) -> str:
        """The Set-Cookie value with the secret of the flow."""
        return self._cookie(flow.id).set(flow.secret + flow.check, max_age=int(self._lifetime))

    def clear_cookie(self, flow_id: str) -> str:
        """The Set-Cookie value that removes a flow."""
        return self._cookie(flow_id).clear()

    def surplus(self, cookies: Mapping[str, str]) -> list[str]:
        """The ids of the oldest flows, to be removed so that a new one fits."""
        ids = sorted(name.removeprefix(self.prefix) for name in cookies if name.startswith(self.prefix))
        known = [flow_id for flow_id in ids if _ID.fullmatch(flow_id)]
        return known[: max(0, len(known) - MOST_FLOWS + 1)]

    def is_state(self, state: str) -> bool:
        """Whether this looks like a state of a gateway, under whatever key."""
        return _STATE.fullmatch(state) is not None

    def read(self, state: str) -> LoginIntent | None:
        """What a state of this environment is for, whichever browser began it and however long ago."""
        found = self._read(state)
        return found[1] if found is not None else None

    def open(self, state: str, cookies: Mapping[str, str]) -> Flow | None:
        """The flow of this state, also if it is expired; None if this browser has no cookie for it."""
        found = self._read(state)
        flow_id = state[:20]
        value = cookies.get(self.prefix + flow_id, "")
        secret, check = value[:43], value[43:]
        if found is None or not _SECRET.fullmatch(secret):
            return None
        keys, intent = found
        flow = _flow(keys, state, flow_id, secret, intent)
        return flow if hmac.compare_digest(flow.check.encode(), check.encode("utf-8", "replace")) else None

    def expired(self, flow: Flow, now: float) -> bool:
        """Whether this login took too long, or seems to be started in the future."""
        return not -60.0 <= now - flow.intent.started_at <= self._lifetime

    def _read(self, state: str) -> tuple[_Keys, LoginIntent] | None:
        """What a state is for, and the keys that it was sealed with."""
        found = _STATE.fullmatch(state)
        if found is None:
            return None
        try:
            sealed = urlsafe_b64decode(found[2] + "=" * (-len(found[2]) % 4))
        except ValueError:
            return None
        for keys in self._keys:
            with contextlib.suppress(InvalidTag, ValueError, TypeError, KeyError):
                plain = keys.cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], self._bound(found[1]))
                content = json.loads(plain)
                return keys, LoginIntent(**content | {"acr_values": tuple(content["acr_values"])})
        return None

    def _bound(self, flow_id: str) -> bytes:
        return b"flow\0" + self._environment + b"\0" + flow_id.encode("ascii")

    def _cookie(self, flow_id: str) -> Cookie:
        return Cookie(self.prefix + flow_id, self._secure)


def flow_secrets(cookies: Mapping[str, str], prefix: str) -> list[str]:
    """The secrets of the logins that are under way in a browser; `prefix` is that of their cookies."""
    named = {
        name.removeprefix(prefix): value[:43] for name, value in cookies.items() if name.startswith(prefix)
    }
    known = sorted(
        each for each, secret in named.items() if _ID.fullmatch(each) and _SECRET.fullmatch(secret)
    )
    return [named[each] for each in known[-MOST_FLOWS:]]


def _flow(keys: _Keys, state: str, flow_id: str, secret: str, intent: LoginIntent) -> Flow:
    check, nonce, verifier = (
        # 256 bits for one purpose of one flow: base64url, 43 characters.
        _text(hmac.digest(keys.secrets, f"{purpose}\0{secret}\0{state}".encode(), "sha256"))
        for purpose in ("cookie", "nonce", "verifier")
    )
    return Flow(flow_id, state, secret, check[:22], nonce, verifier, intent)


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
