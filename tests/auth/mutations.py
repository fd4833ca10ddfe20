"""Makes the tokens and keys that the case files describe: each is wrong in exactly the way that its case says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jwe
from joserfc.jwk import OctKey

from tests.auth.scripted_provider import CLIENT_ID, SECRET, ScriptedProvider, key, public, signed

Claims = dict[str, Any]
# The members of a mutation that `script_token` understands.
FIELDS = ("payload", "header", "sign", "raw", "jwks", "discovery")


def encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def decoded(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def over(payload: bytes, header: Mapping[str, Any] | None = None) -> str:
    """A token over these very octets, with a good signature of k1."""
    head = encoded(json.dumps({"alg": "RS256", "kid": "k1", **(header or {})}).encode())
    return f"{head}.{encoded(payload)}.{rs256(f'{head}.{encoded(payload)}'.encode())}"


def rs256(octets: bytes) -> str:
    private: Any = key("k1").raw_value
    return encoded(private.sign(octets, PKCS1v15(), SHA256()))


def header_of(**members: Any) -> str:
    return encoded(json.dumps(members).encode())


def raw_token(form: str, claims: Claims) -> str:
    """A token that no honest library would make."""
    good = signed(claims)
    head, payload, signature = good.split(".")
    text = json.dumps(claims)
    forms: dict[str, Callable[[], str]] = {
        "sig_zero64": lambda: f"{header_of(alg='ES256', kid='e1')}.{payload}.{encoded(bytes(64))}",
        "tamper_payload": lambda: (
            f"{head}.{encoded(json.dumps(claims | {'sub': 'mallory'}).encode())}.{signature}"
        ),
        "tamper_header": lambda: f"{header_of(alg='RS256', kid='k1', x=1)}.{payload}.{signature}",
        "sig_empty": lambda: f"{head}.{payload}.",
        "sig_flip": lambda: (
            f"{head}.{payload}.{encoded(bytes([decoded(signature)[0] ^ 1]) + decoded(signature)[1:])}"
        ),
        "b64_padding": lambda: f"{head}.{payload}.{signature}==",
        "b64_standard_alphabet": lambda: standard_alphabet(claims),
        "b64_whitespace": lambda: f"{head}.{payload[:8]}\n{payload[8:]}.{signature}",
        "b64_trailing_bits": lambda: f"{head}.{payload}.{stray_bits(signature)}",
        "five_parts": lambda: f"{good}.{payload}.{signature}",
        "json_general_two_sigs": lambda: json.dumps(
            {
                "payload": payload,
                "signatures": [
                    {"protected": head, "signature": signature},
                    {"protected": head, "signature": encoded(bytes(256))},
                ],
            }
        ),
        "million_dots": lambda: "." * 1_000_000,
        "huge_payload_5mb": lambda: over(json.dumps(claims | {"x": "A" * 5_000_000}).encode()),
        "deep_json_100k": lambda: over(b'{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"," + text.encode()[1:]),
        "huge_int_exp": lambda: over(replaced(claims, "exp", "9" * 20_000)),
        "dup_keys_payload": lambda: over(b'{"sub":"mallory",' + text.encode()[1:]),
        "inf_exp": lambda: over(replaced(claims, "exp", "Infinity")),
        "payload_array": lambda: over(f"[{text}]".encode()),
        "payload_string": lambda: over(json.dumps(text).encode()),
        "payload_nonutf8": lambda: over(text.encode("utf-16")),
        "b64_false": lambda: unencoded(text.replace(".", "")),
        "nested_jws_in_jws": lambda: over(good.encode(), {"cty": "JWT"}),
        "jwe_zip_bomb": lambda: encrypted("A" * 250_000, {"alg": "dir", "enc": "A256GCM", "zip": "DEF"}),
        "jwe_pbes2_p2c_huge": lambda: five({"alg": "PBES2-HS256+A128KW", "p2s": "AAAA", "p2c": 2**31 - 1}),
        "jwe_rsa1_5": lambda: five({"alg": "RSA1_5"}),
        "jwe_empty_key_kw": lambda: five({"alg": "A128KW"}, encrypted_key=""),
    }
    assert form in forms, f"no runner for the form {form}"
    return forms[form]()


def standard_alphabet(claims: Claims) -> str:
    """The same token with the signs of ordinary base64; tried until there are such signs."""
    for number in range(100):
        token = signed(claims | {"number": number})
        if "-" in token or "_" in token:
            return token.replace("-", "+").replace("_", "/")
    raise AssertionError("no token with a sign that differs")


def stray_bits(segment: str) -> str:
    """The same octets, with other bits in the last sign, which decoders ignore."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(segment) % 4 in (2, 3)
    changed = segment[:-1] + alphabet[alphabet.index(segment[-1]) ^ 1]
    assert decoded(changed) == decoded(segment)
    return changed


def replaced(claims: Claims, name: str, literal: str) -> bytes:
    return json.dumps(claims | {name: "HERE"}).replace('"HERE"', literal).encode()


def unencoded(payload: str) -> str:
    """RFC 7797: the payload is not encoded before it is signed."""
    head = encoded(b'{"alg":"RS256","kid":"k1","crit":["b64"],"b64":false}')
    return f"{head}.{payload}.{rs256(f'{head}.{payload}'.encode())}"


def encrypted(plain: str, header: dict[str, Any]) -> str:
    registry = jwe.JWERegistry(algorithms=["dir", "A256GCM", "DEF"])
    secret = OctKey.import_key(b"k" * 32)
    return jwe.encrypt_compact(header, zlib.compress(plain.encode()), secret, registry=registry)


def five(header: dict[str, Any], encrypted_key: str = "AAAA") -> str:
    head = encoded(json.dumps({"enc": "A256GCM", **header}).encode())
    return f"{head}.{encrypted_key}.AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA"


def value_of(written: Any, op: ScriptedProvider, nonce: str) -> Any:
    """A value of a case file with its symbols filled in."""
    if isinstance(written, list):
        return [value_of(each, op, nonce) for each in written]
    if isinstance(written, dict):
        return {value_of(name, op, nonce): value_of(each, op, nonce) for name, each in written.items()}
    if not isinstance(written, str):
        return written
    if written.startswith("$now"):
        return op.clock() + float(written.removeprefix("$now") or 0)
    if written.startswith("$A*"):
        return "A" * int(written.removeprefix("$A*"))
    symbols = {
        "$NONCE_UPPER": nonce.upper(),
        "$nonce": nonce,
        "$iss": op.issuer,
        "$client_id": CLIENT_ID,
        "$random": token_urlsafe(16),
    }
    if written == "$attacker_cert":
        return base64.b64encode(certificate("attacker_rsa")).decode()
    for symbol, meaning in symbols.items():
        written = written.replace(symbol, meaning)
    return written


def certificate(name: str) -> bytes:
    """A certificate that this key signed for itself, in DER."""
    private: Any = key(name).raw_value
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(who, who, private.public_key(), 1, now, now + timedelta(days=1))
    return made.sign(private, SHA256()).public_bytes(Encoding.DER)


def der(token: str) -> str:
    """The same ECDSA signature in DER form."""
    head, payload, signature = token.split(".")
    octets = decoded(signature)
    numbers = (int.from_bytes(octets[:32], "big"), int.from_bytes(octets[32:], "big"))
    return f"{head}.{payload}.{encoded(encode_dss_signature(*numbers))}"


def other_key(claims: Claims, header: dict[str, Any], name: str) -> str:
    """A good signature of a key that no library would use with this algorithm."""
    private: Any = key(name).raw_value
    head = f"{header_of(**header)}.{encoded(json.dumps(claims).encode())}"
    if name == "ed1":
        return f"{head}.{encoded(private.sign(head.encode()))}"
    numbers = decode_dss_signature(private.sign(head.encode(), ECDSA(SHA256())))
    return f"{head}.{encoded(b''.join(number.to_bytes(48, 'big') for number in numbers))}"


def hmac_token(claims: Claims, header: dict[str, Any], secret: str) -> str:
    shared: Any = key("o1").raw_value
    octets = {"client_secret": SECRET.encode(), "empty": b"", "oct_o1": shared}[secret]
    head = f"{header_of(**header)}.{encoded(json.dumps(claims).encode())}"
    return f"{head}.{encoded(hmac.new(octets, head.encode(), hashlib.sha256).digest())}"


def script_token(op: ScriptedProvider, mutation: Mapping[str, Any]) -> None:
    """Make the provider sign its ID tokens as a case says."""

    def sign(claims: Claims) -> str:
        nonce = claims.get("nonce", "")
        change = only(mutation.get("payload", {}), "set", "del")
        claims = claims | value_of(change.get("set", {}), op, nonce)
        claims = {name: value for name, value in claims.items() if name not in change.get("del", ())}
        if "raw" in mutation:
            return raw_token(mutation["raw"], claims)
        how = only(mutation.get("sign", {}), "key", "alg", "none", "hmac", "der")
        header = {"alg": how.get("alg", "RS256"), "kid": how.get("key", "k1")}
        change = only(mutation.get("header", {}), "set", "del")
        header |= value_of(change.get("set", {}), op, nonce)
        header = {name: value for name, value in header.items() if name not in change.get("del", ())}
        if "hmac" in how:
            return hmac_token(claims, header, how["hmac"])
        head = encoded(json.dumps(header).encode())
        if how.get("none"):
            return f"{head}.{encoded(json.dumps(claims).encode())}."
        if "sign" not in mutation:  # a good signature over a header that may make no sense
            return over_header(claims, header)
        if how["key"] in ("ed1", "e384"):
            return other_key(claims, header, how["key"])
        token = signed(claims, name=how["key"], **header)
        return der(token) if how.get("der") else token

    op.sign = sign
    script_discovery(op, mutation.get("discovery", {}))
    script_keys(op, mutation.get("jwks", {}))


def script_discovery(op: ScriptedProvider, mutation: Mapping[str, Any]) -> None:
    """Change the provider's metadata as a case says."""
    only(mutation, "set", "del")
    op.discovery |= value_of(mutation.get("set", {}), op, "")
    op.discovery |= dict.fromkeys(mutation.get("del", ()))


def only(mutation: Mapping[str, Any], *known: str) -> Mapping[str, Any]:
    """The same mutation; fails where it has a member that nothing here understands."""
    odd = mutation.keys() - set(known)
    assert not odd, f"no runner for a mutation with {', '.join(sorted(odd))}"
    return mutation


def over_header(claims: Claims, header: dict[str, Any]) -> str:
    head = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
    return f"{head}.{rs256(head.encode())}"


def script_keys(op: ScriptedProvider, mutation: Mapping[str, Any]) -> None:
    """Change the provider's key set as a case says."""
    only(mutation, "only", "add", "set_alg", "set_use", "set_keyops", "publish_private")
    added: dict[str, Callable[[], dict[str, Any]]] = {
        "o1_oct": lambda: {**key("o1").as_dict(), "use": "sig", "alg": "HS256"},
        "attacker_same_kid_k1": lambda: public("attacker_rsa", kid="k1"),
        "malformed_key": lambda: {"kty": "RSA", "kid": "broken", "n": "!!", "e": 7},
        "unknown_kty": lambda: {"kty": "XYZ", "kid": "new"},
    }
    if "only" in mutation:
        op.keys = [public(name) for name in mutation["only"]]
    # The added ones come first: whoever takes the first key that has a fitting id is caught.
    op.keys = [
        added.get(name, lambda name=name: public(name))() for name in mutation.get("add", ())
    ] + op.keys
    for field, member in (("set_alg", "alg"), ("set_use", "use"), ("set_keyops", "key_ops")):
        for name, value in mutation.get(field, {}).items():
            for found in op.keys:
                if found["kid"] == name:
                    found[member] = value
                    if member == "key_ops":
                        del found["use"]
    for name in mutation.get("publish_private", ()):
        op.keys = [key(name).as_dict(private=True) if found["kid"] == name else found for found in op.keys]
