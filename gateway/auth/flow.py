"""The secrets of a login that is under way, kept in the browser: one encrypted cookie per flow."""

from __future__ import annotations

import hmac
import json
import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.cookies import Cookie, cookie_prefix

_ID = re.compile(r"[0-9a-f]{20}")
_NONCE = 12
MOST_FLOWS = 7


@dataclass(frozen=True, slots=True)
class Flow:
    """One login that is under way; `started_at` is in seconds since the epoch, `target` the path to return to.

    `id` begins with the time, so that ids sort by age; `state` begins with the id. `silent`: the provider was asked
    to show no page.
    """

    id: str
    state: str
    nonce: str
    verifier: str
    target: str
    started_at: float
    acr_values: tuple[str, ...] = ()
    silent: bool = False


class FlowCookies:
    """Encrypts the flows of one environment. `key` is at least 32 secret octets, `lifetime` is in seconds."""

    def __init__(self, *, environment: str, key: bytes, secure: bool, lifetime: float) -> None:
        info = f"toegangspoort flow {environment}".encode()
        self._cipher = AESGCM(HKDF(SHA256(), 32, salt=None, info=info).derive(key))
        self._environment = environment.encode()
        self._secure = secure
        self._lifetime = lifetime
        self.prefix = f"{cookie_prefix(environment, secure=secure)}flow-"

    def begin(
        self, target: str, now: float, *, acr_values: tuple[str, ...] = (), silent: bool = False
    ) -> Flow:
        """A new flow with fresh secrets of 256 bits each."""
        flow_id = f"{int(now) & 0xFFFFFFFFFF:010x}{os.urandom(5).hex()}"
        state = f"{flow_id}.{_random()}"
        return Flow(flow_id, state, _random(), _random(), target, now, acr_values, silent)

    def set_cookie(self, flow: Flow) -> str:
        """The Set-Cookie value with the encrypted flow."""
        nonce = os.urandom(_NONCE)
        plain = json.dumps(asdict(flow)).encode()
        sealed = nonce + self._cipher.encrypt(nonce, plain, self._bound(flow.id))
        value = urlsafe_b64encode(sealed).rstrip(b"=").decode()
        return self._cookie(flow.id).set(value, max_age=int(self._lifetime))

    def clear_cookie(self, flow_id: str) -> str:
        """The Set-Cookie value that removes a flow."""
        return self._cookie(flow_id).clear()

    def surplus(self, cookies: Mapping[str, str]) -> list[str]:
        """The ids of the oldest flows, to be removed so that a new one fits."""
        ids = sorted(name.removeprefix(self.prefix) for name in cookies if name.startswith(self.prefix))
        known = [flow_id for flow_id in ids if _ID.fullmatch(flow_id)]
        return known[: max(0, len(known) - MOST_FLOWS + 1)]

    def open(self, state: str, cookies: Mapping[str, str]) -> Flow | None:
        """The flow of this state, also if it is expired; None if this browser has no cookie for it."""
        flow_id = state.partition(".")[0]
        value = cookies.get(self.prefix + flow_id)
        if value is None or not _ID.fullmatch(flow_id):
            return None
        try:
            sealed = urlsafe_b64decode(value + "=" * (-len(value) % 4))
            plain = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], self._bound(flow_id))
            content = json.loads(plain)
            flow = Flow(**content | {"acr_values": tuple(content["acr_values"])})
        except (InvalidTag, ValueError, TypeError, KeyError):
            return None
        return flow if hmac.compare_digest(flow.state.encode(), state.encode("utf-8", "replace")) else None

    def expired(self, flow: Flow, now: float) -> bool:
        """Whether this login took too long, or seems to be started in the future."""
        return not -60.0 <= now - flow.started_at <= self._lifetime

    def _bound(self, flow_id: str) -> bytes:
        return b"flow\0" + self._environment + b"\0" + flow_id.encode("ascii")

    def _cookie(self, flow_id: str) -> Cookie:
        return Cookie(self.prefix + flow_id, self._secure)


def _random() -> str:
    return urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode("ascii")
