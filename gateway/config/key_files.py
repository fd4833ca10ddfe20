"""Changes to the files with keys: new keys beside those in use, and keys that are no longer needed taken out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from joserfc.jwk import ECKey, RSAKey

from gateway.auth.client_keys import ClientKey, client_keys
from gateway.auth.settings import PrivateKeyJwt
from gateway.config.model import EnvironmentSettings
from gateway.files.atomic_file import locked
from gateway.files.atomic_file import replace as replace_file
from gateway.files.real_path import real_path
from gateway.files.reason import reason
from gateway.identity.assertion_keys import AssertionKey, keys_in
from gateway.key_files.keyring import PURPOSES, Key, Purpose, is_key_file, read_key_file, write_key_file
from gateway.key_files.keyring import keys_in as ring_keys_in
from gateway.key_files.pem_keys import PemKey, pem_keys, write_pem_keys
from gateway.settings import Secret

_OCTETS: Final = 48


def new_key(purpose: Purpose, now: float) -> Key:
    """A random key."""
    return Key(purpose, os.urandom(_OCTETS), float(int(now)))


def new_pem_key(now: float, *, rsa_bits: int | None = None) -> PemKey:
    """A private key: RSA of this many bits, or else EC P-256.

    Its thumbprint, by which commands name it, begins with no dash: they would take it for an option.
    """
    while (made := _made(rsa_bits)).thumbprint().startswith("-"):
        pass
    return PemKey(bytes(made.as_pem(private=True)), float(int(now)))


def _made(rsa_bits: int | None) -> ECKey | RSAKey:
    if rsa_bits is not None:
        return RSAKey.generate_key(rsa_bits, private=True)
    return ECKey.generate_key("P-256", private=True)


def new_assertion_key(like: ECKey | RSAKey | None, now: float) -> bytes:
    """A private key for the assertion as it is written in its file, of the same kind and size: EC P-256 where there is none before it."""
    return new_pem_key(now, rsa_bits=_bits_of(like)).written()


def _bits_of(key: ECKey | RSAKey | None) -> int | None:
    """The size of an RSA key; None for others."""
    return int(key.raw_value.key_size) if isinstance(key, RSAKey) else None


def file_of(settings: EnvironmentSettings, purpose: Purpose) -> Path:
    """The file that new keys for this purpose go to. Raises ValueError where they don't come from a file."""
    return _path(settings.ring(purpose).secrets[0])


def rotate_key(settings: EnvironmentSettings, purpose: Purpose, now: float) -> Key:
    """Add a new key for this purpose before those that are there. Raises ValueError; then nothing was changed."""
    path, fresh = file_of(settings, purpose), new_key(purpose, now)

    def with_new(content: bytes) -> bytes:
        return write_key_file([fresh, *_all_keys(settings, path, content)])

    _change(path, with_new)
    return fresh


def drop_key(settings: EnvironmentSettings, key: Key) -> None:
    """Take this key out of its file. Raises ValueError; then nothing was changed."""
    path = file_of(settings, key.purpose)

    def without(content: bytes) -> bytes:
        keys = _all_keys(settings, path, content)
        left = [each for each in keys if each != key]
        if len(left) == len(keys):
            raise ValueError(
                f"{path} does not have the key {key.id}: take it out of the configuration yourself"
            )
        if not any(each.purpose == key.purpose for each in left):
            raise ValueError(f"{key.id} is the only key for {key.purpose} in {path}")
        return write_key_file(left)

    _change(path, without)


def rotate_assertion(settings: EnvironmentSettings, now: float) -> AssertionKey:
    """Add a new key for the assertion before those in its file. Raises ValueError; then nothing was changed."""
    secret = settings.assertion.key
    before = keys_in(secret)[0].jwk
    _change_pem(secret, lambda keys: [new_pem_key(now, rsa_bits=_bits_of(before)), *keys])
    return keys_in(secret)[0]


def drop_assertion(settings: EnvironmentSettings, kid: str) -> None:
    """Take this key out of the file of the assertion's keys. Raises ValueError; then nothing was changed."""
    secret = settings.assertion.key
    numbers = [number for number, key in enumerate(keys_in(secret)) if key.kid.startswith(kid)]
    if not numbers:
        raise ValueError(
            f"{secret.reference} does not have the key {kid}: take it out of the configuration yourself"
        )

    _change_pem(secret, lambda keys: _left(keys, numbers[0], f"{kid} is the only key in {secret.reference}"))


def rotate_client(auth: PrivateKeyJwt, now: float) -> ClientKey:
    """Add a new key by which the provider knows the gateway. Raises ValueError; then nothing was changed."""
    before = client_keys(auth)[0].jwk
    _change_pem(auth.key, lambda keys: [new_pem_key(now, rsa_bits=_bits_of(before)), *keys])
    return client_keys(auth)[0]


def register_client(auth: PrivateKeyJwt, kid: str, now: float) -> None:
    """Write down that the provider has this key. Raises ValueError; then nothing was changed."""
    number = _number(auth, kid)
    _change_pem(
        auth.key,
        lambda keys: [
            replace(key, registered=now) if place == number else key for place, key in enumerate(keys)
        ],
    )


def drop_client(auth: PrivateKeyJwt, kid: str) -> None:
    """Take a key of the client out of its file. Raises ValueError; then nothing was changed."""
    number = _number(auth, kid)
    _change_pem(auth.key, lambda keys: _left(keys, number, f"{kid} is the only key in {auth.key.reference}"))


def _number(auth: PrivateKeyJwt, kid: str) -> int:
    numbers = [number for number, key in enumerate(client_keys(auth)) if key.kid.startswith(kid)]
    if not numbers:
        raise ValueError(f"{auth.key.reference} does not have the key {kid}")
    return numbers[0]


def _left(keys: Sequence[PemKey], number: int, otherwise: str) -> list[PemKey]:
    """The keys without this one. Raises ValueError where it is the only one."""
    if len(keys) == 1:
        raise ValueError(otherwise)
    return [key for place, key in enumerate(keys) if place != number]


def _change_pem(secret: Secret, change: Callable[[Sequence[PemKey]], Sequence[PemKey]]) -> None:
    _change(_path(secret), lambda content: write_pem_keys(change(pem_keys(content + b"\n"))))


def _all_keys(settings: EnvironmentSettings, path: Path, content: bytes) -> Sequence[Key]:
    """What is in the file for every purpose that uses it, also where that is derived so far.

    So a new key for one purpose leaves the others as they are.
    """
    found: list[Key] = []
    written = read_key_file(content, name=str(path)) if is_key_file(content) else {}
    for purpose in PURPOSES:
        secret = settings.ring(purpose).secrets[0]
        if secret.path is not None and real_path(secret.path) == real_path(path):
            found += ring_keys_in(content, purpose, name=secret.reference)
        else:
            found += written.get(purpose, ())
    return found


def _change(path: Path, make: Callable[[bytes], bytes]) -> None:
    try:
        with locked(path):
            # Without the newline that editors add, as every secret is read.
            replace_file(path, make(path.read_bytes().rstrip(b"\r\n")))
    except OSError as problem:
        raise ValueError(f"cannot change {path}: {reason(problem)}") from problem


def _path(secret: Secret) -> Path:
    if secret.path is None:
        raise ValueError(
            f"{secret.reference} is no file: put the key into a file that the gateway can read, and name it as file:PATH"
        )
    return secret.path
