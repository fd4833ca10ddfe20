"""Who asks is known by a token or a certificate, by both where both are set, and by nothing else."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import trustme

from gateway.authzen.callers import Callers
from gateway.authzen.messages import Unanswerable
from gateway.authzen.settings import CallerSettings

TOKEN, NEXT, OTHER = "t" * 32, "n" * 40, "o" * 32


def _der(name: str) -> bytes:
    made = trustme.CA().issue_cert(name)
    return ssl.PEM_cert_to_DER_cert(made.cert_chain_pems[0].bytes().decode())


CERTIFICATE = _der("register.test")


def callers(folder: Path, **several: Mapping[str, Any]) -> Callers:
    for name, value in {"token": TOKEN, "next": NEXT, "other": OTHER, "short": "short"}.items():
        (folder / name).write_text(value + "\n")
        (folder / name).chmod(0o600)
    context = {"folder": folder}
    return Callers(
        {name: CallerSettings.model_validate(each, context=context) for name, each in several.items()}
    )


def name_of(found: Callers, *lines: bytes, certificate: bytes | None = None) -> str | None:
    program = found.find([(b"authorization", line) for line in lines], certificate)
    return program.name if program is not None else None


def test_a_token_in_one_line_names_its_caller(tmp_path: Path) -> None:
    found = callers(tmp_path, one={"bearer": ["file:token", "file:next"]}, two={"bearer": ["file:other"]})
    assert name_of(found, b"Bearer " + TOKEN.encode()) is None, "not read yet"
    found.read()
    for line, expected in (
        (TOKEN, "one"), (NEXT, "one"), (OTHER, "two"), ("x" * 32, None), (TOKEN[:-1], None), (TOKEN + "t", None), ("", None),
    ):  # fmt: skip
        assert name_of(found, b"bearer " + line.encode()) == expected
    assert name_of(found) is None
    assert name_of(found, b"Basic " + TOKEN.encode()) is None
    assert name_of(found, b"Bearer " + TOKEN.encode(), b"Bearer " + TOKEN.encode()) is None
    assert {path.name for path in found.paths} == {"token", "next", "other"}


def test_a_certificate_is_known_by_a_name_or_its_fingerprint(tmp_path: Path) -> None:
    fingerprint = sha256(CERTIFICATE).hexdigest()
    found = callers(
        tmp_path,
        named={"certificate": "dns:register.test"},
        printed={"certificate": f"sha256:{sha256(b'other').hexdigest()}"},
    )
    found.read()
    assert name_of(found, certificate=CERTIFICATE) == "named"
    assert name_of(found, certificate=_der("other.test")) is None
    assert name_of(found, certificate=b"nonsense") is None
    assert name_of(found) is None
    printed = callers(tmp_path, one={"certificate": f"sha256:{fingerprint}"})
    assert name_of(printed, certificate=CERTIFICATE) == "one"


def test_with_both_credentials_both_are_needed(tmp_path: Path) -> None:
    found = callers(tmp_path, one={"bearer": ["file:token"], "certificate": "dns:register.test"})
    found.read()
    line = b"Bearer " + TOKEN.encode()
    assert name_of(found, line, certificate=CERTIFICATE) == "one"
    assert name_of(found, line) is None
    assert name_of(found, certificate=CERTIFICATE) is None


def test_tokens_that_are_short_shared_or_missing_are_refused(tmp_path: Path) -> None:
    for several, words in (
        ({"one": {"bearer": ["file:short"]}}, "32 characters"),
        ({"one": {"bearer": ["file:token"]}, "two": {"bearer": ["file:token"]}}, "one bearer token"),
        ({"one": {"bearer": ["file:absent"]}}, "cannot read"),
    ):
        with pytest.raises(ValueError, match=words):
            callers(tmp_path, **several).read()


def test_what_a_caller_may_not_do_is_refused(tmp_path: Path) -> None:
    found = callers(tmp_path, one={"bearer": ["file:token"], "may": ["evaluate"]})
    found.read()
    program = found.find([(b"authorization", b"Bearer " + TOKEN.encode())], None)
    assert program is not None
    program.require("evaluate")
    with pytest.raises(Unanswerable, match="may not search") as refused:
        program.require("search")
    assert refused.value.answered == 403
