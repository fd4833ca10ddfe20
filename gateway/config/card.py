"""The environment card: what belongs to one environment, signed, so that other environments can see that they share nothing.

No secret can be found from a card. Private keys stand in it by the thumbprint of their public half (RFC 7638), other
keys by a hash: a slow one (scrypt, RFC 7914) where somebody may have typed them, and none where they could be guessed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import re
import socket
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from gateway.config.model import EnvironmentSettings
from gateway.identity.assertion_keys import keys_in, read_keys
from gateway.key_files.keyring import PURPOSES
from gateway.outgoing.host_spelling import LOCAL, one_spelling
from gateway.settings import Secret

_FORM: Final = "toegangspoort-card"
_VERSION: Final = 1
_LARGEST: Final = 262_144
_RANDOM_BITS: Final = 140
_PORT: Final = re.compile(r":[0-9]+(?=$| on )")
_SALT: Final = b"toegangspoort card\0"


class _Signatures(jws.JWSRegistry):
    # The header has the public key, and that of RSA alone has more octets than the library takes by itself.
    max_header_length = 4096


_SIGNATURES: Final = _Signatures(algorithms=("ES256", "RS256"))
_WORDS: Final = {
    "issuers": "issuer",
    "clients": "client",
    "hosts": "host",
    "upstreams": "upstream",
    "stores": "store",
    "audiences": "audience",
    "decision_points": "decision point",
}
# Cards of earlier versions lack these. One that has none of them is left without, so that such a version can read it.
_LATER: Final = ("audiences", "decision_points")


@dataclass(frozen=True, slots=True)
class EnvironmentCard:
    """What belongs to an environment. `keys` are thumbprints by what the key is for; `machine` made it at `made` (seconds
    since the epoch). Addresses that mean something else on another machine end in ` on MACHINE`.
    """

    environment: str
    machine: str
    made: int
    issuers: tuple[str, ...]
    clients: tuple[str, ...]
    hosts: tuple[str, ...]
    upstreams: tuple[str, ...]
    stores: tuple[str, ...]
    keys: Mapping[str, tuple[str, ...]]
    audiences: tuple[str, ...] = ()
    decision_points: tuple[str, ...] = ()

    def is_of(self, other: EnvironmentCard) -> bool:
        """Whether both are of the same environment: on another machine, or before its configuration or keys changed."""
        common = set(self.hosts) & set(other.hosts) or set(self.clients) & set(other.clients)
        return self.environment == other.environment and bool(
            common or self._thumbprints() & other._thumbprints()
        )

    def shared(self, other: EnvironmentCard) -> list[str]:
        """What this environment and another share, in words; nothing where both are the same."""
        if self.is_of(other):
            return []
        found = []
        for field, words in _WORDS.items():
            theirs = {_compared(field, each) for each in getattr(other, field)}
            found += [f"{words} {each}" for each in getattr(self, field) if _compared(field, each) in theirs]
        for purpose, thumbprints in self.keys.items():
            found += [
                f"key ({purpose} here, {theirs} there)"
                for theirs, others in other.keys.items()
                if set(thumbprints) & set(others)
            ]
        return found

    def _thumbprints(self) -> set[str]:
        return {each for several in self.keys.values() for each in several}


def card_of(name: str, settings: EnvironmentSettings, now: float) -> EnvironmentCard:
    """The card of an environment on this machine. Reads its keys; those that cannot be read are left out."""
    machine = socket.gethostname()
    asking = settings.machines.introspection if settings.machines else None
    issuers = [
        settings.provider.issuer,
        *(each.issuer for each in (settings.machines.issuers if settings.machines else ())),
    ]
    clients = [settings.provider.client_id, *([asking.client_id] if asking else [])]
    hosts = [settings.public_url, *(f"https://{host}" for host in settings.edge.hosts)]
    upstreams = [each for upstream in settings.every_upstream.values() for each in upstream.addresses]
    store = settings.session.store
    return EnvironmentCard(
        name,
        machine,
        int(now),
        _sorted(_address(each, machine, path=True) for each in issuers),
        _sorted(each.strip().lower() for each in clients),
        _sorted(_address(each, machine) for each in hosts),
        _sorted(
            _address(each.url, machine) if each.socket is None else f"unix:{each.socket} on {machine}"
            for each in upstreams
        ),
        () if store.kind == "memory" else (_store(settings, machine),),
        _by_purpose(_keys(settings)),
        _sorted(each.audience for each in (settings.signals.transmitters if settings.signals else ())),
        (_address(settings.authzen.url, machine, path=True),) if settings.authzen is not None else (),
    )


def signed_card(card: EnvironmentCard, settings: EnvironmentSettings) -> str:
    """The card as a file, signed with the key of the assertion. Raises ValueError for a key that cannot be read."""
    key = keys_in(settings.assertion.key)[0]
    header = {"alg": key.algorithm, "typ": _FORM, "jwk": key.jwk.as_dict(private=False)}
    fields = {name: each for name, each in asdict(card).items() if each or name not in _LATER}
    compact = jws.serialize_compact(header, _payload(fields), key.jwk, registry=_SIGNATURES)
    protected, _, signature = compact.split(".")
    # The payload stands beside it, for people to read (RFC 7515 appendix F).
    data = {
        "form": _FORM,
        "version": _VERSION,
        "card": fields,
        "signature": f"{protected}..{signature}",
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def read_card(content: str | bytes) -> EnvironmentCard:
    """The card in a file. Raises ValueError for one that was changed after it was signed, and for anything else."""
    if len(content) > _LARGEST:
        raise ValueError("this is no environment card: it is too large")
    try:
        data = json.loads(content)
        if data["form"] != _FORM or data["version"] != _VERSION:
            raise ValueError("its version is another one")
        fields = data["card"]
        card = _card(fields)
        protected, _, signature = data["signature"].split(".")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise ValueError("this is no environment card: `gateway config card` makes one") from problem
    _verify(card, _payload(fields), protected, signature)
    return card


def _verify(card: EnvironmentCard, payload: bytes, protected: str, signature: str) -> None:
    try:
        header = json.loads(urlsafe_b64decode(protected + "=" * (-len(protected) % 4)))
        jwk = header["jwk"]
        key = ECKey.import_key(jwk) if jwk["kty"] == "EC" else RSAKey.import_key(jwk)
        body = urlsafe_b64encode(payload).rstrip(b"=").decode()
        jws.deserialize_compact(f"{protected}.{body}.{signature}", key, registry=_SIGNATURES)
        own = key.thumbprint() in card.keys.get("assertion", ())
    except (JoseError, ValueError, KeyError, TypeError) as problem:
        raise ValueError(f"this card of {card.environment} was changed after it was signed") from problem
    if not own:
        raise ValueError(f"this card of {card.environment} is not signed with a key of its own")


def _card(fields: Mapping[str, Any]) -> EnvironmentCard:
    if {*fields, *_LATER} != set(EnvironmentCard.__dataclass_fields__):
        raise ValueError("it has other fields")
    lists = {name: _texts(fields.get(name, [])) for name in _WORDS}
    keys = {str(purpose): _texts(each) for purpose, each in fields["keys"].items()}
    return EnvironmentCard(
        **lists,
        keys=keys,
        environment=str(fields["environment"]),
        machine=str(fields["machine"]),
        made=int(fields["made"]),
    )


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError("it has other fields")
    return tuple(value)


def _payload(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def _address(url: str, machine: str, *, path: bool = False) -> str:
    parts = urlsplit(url)
    host = one_spelling(parts.hostname or "")
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    relative = "." not in host and ":" not in host
    return f"{host}:{port}{parts.path.rstrip('/') if path else ''}{f' on {machine}' if relative else ''}"


def _compared(field: str, value: str) -> str:
    """A host counts without its port: browsers give all ports of it the same cookies. Not `localhost`, where people try out."""
    if field != "hosts" or value.startswith(f"{LOCAL}:"):
        return value
    return _PORT.sub("", value, count=1)


def _store(settings: EnvironmentSettings, machine: str) -> str:
    address = settings.session.address
    host = one_spelling(urlsplit(settings.session.store.url or "").hostname or "")
    # A file, a socket, or a name that each network gives to a server of its own.
    relative = "." not in host and "sentinel" not in (settings.session.store.url or "")
    return f"{address} on {machine}" if relative else address


def _by_purpose(found: Iterable[tuple[str, list[str]]]) -> Mapping[str, tuple[str, ...]]:
    several: dict[str, list[str]] = {}
    for purpose, thumbprints in found:
        several.setdefault(purpose, []).extend(thumbprints)
    return {purpose: _sorted(each) for purpose, each in several.items() if each}


def _keys(settings: EnvironmentSettings) -> Iterator[tuple[str, list[str]]]:
    """Thumbprints with what the keys are for; a purpose may come several times."""
    with contextlib.suppress(ValueError):
        yield "assertion", [key.kid for key in read_keys(settings.assertion)]
    for purpose in PURPOSES:
        with contextlib.suppress(ValueError):
            yield purpose, [_hash(each) for each in settings.ring(purpose).octets() if _random(each)]
    asking = settings.machines.introspection if settings.machines else None
    for client in (settings.provider.client_auth, *([asking.client_auth] if asking else ())):
        secret = client.key if client.method == "private_key_jwt" else client.secret
        yield "client", list(_thumbprints(secret))
    for each in settings.signals.transmitters if settings.signals else ():
        if each.authorization is not None:
            yield "signals", list(_thumbprints(each.authorization))
    for caller in settings.authzen.callers.values() if settings.authzen is not None else ():
        for secret in caller.bearer:
            yield "authzen", list(_thumbprints(secret))
    if settings.authzen is not None:
        yield "authzen", [_digest(each.encode()) for each in settings.authzen.certificates().values()]
    yield "emergency", [_digest(each.encode()) for each in settings.emergency.operators.values()]
    for upstream in settings.every_upstream.values():
        if upstream.tls.key is not None:
            yield "upstream", list(_thumbprints(upstream.tls.key))


def _thumbprints(secret: Secret) -> Iterator[str]:
    with contextlib.suppress(ValueError):
        content = secret.read()
        if b"-----BEGIN" in content:
            yield from (key.kid for key in keys_in(secret))
        elif _random(content):
            yield _hash(content)


def _hash(key: bytes) -> str:
    return _slow_hash(key) if key.isascii() else _digest(key)


def _digest(content: bytes) -> str:
    return hashlib.sha256(_SALT + content).hexdigest()[:32]


@lru_cache(maxsize=64)
def _slow_hash(key: bytes) -> str:
    # One salt for all, because environments must find the same key to have the same hash.
    return hashlib.scrypt(key, salt=_SALT, n=1 << 15, r=8, p=1, maxmem=1 << 26, dklen=16).hex()


def _random(key: bytes) -> bool:
    """Whether the key is long and varied enough: what is short or repeats itself could be found from its hash."""
    total = len(key)
    spread = -sum(count * math.log2(count / total) for count in Counter(key).values())
    return total >= 32 and min(spread, 8 * (len(zlib.compress(key, 9)) - 11)) >= _RANDOM_BITS
