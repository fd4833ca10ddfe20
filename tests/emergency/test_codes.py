"""Codes of operators."""

from __future__ import annotations

from gateway.emergency.codes import is_code, is_hash, new_code


def test_a_code_belongs_to_its_hash_alone() -> None:
    code, hashed = new_code()
    other, _ = new_code()
    assert is_hash(hashed)
    assert code not in hashed
    assert is_code(code, hashed)
    assert is_code(f" {code[:5].upper()}-{code[5:]} ", hashed)
    assert not is_code(other, hashed)
    assert not is_code("", hashed)
    assert not is_code(code, "scrypt:x")
    assert not is_hash(code)
