"""Secrets and national numbers are replaced, and nothing else is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.observe.masking import clean, is_secret, mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("85.07.30-033.28", True),
        ("85073003328", True),
        ("85 07 30 033 28", True),
        ("85.47.30-033.28", True),
        ("x85073003328y", True),
        ("/a/85073003328/b", True),
        ("0456789034", False),
        ("0456.789.034", False),
        ("1795466180123", False),
        ("+32 2 553 1700", False),
        ("2026-11-24T08:00:00", False),
        ("127.0.0.1", False),
        ("a12345678901f", False),
    ],
)
def test_what_looks_like_a_national_number(text: str, masked: bool) -> None:
    assert ("[national number]" in mask(text)) is masked


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("token", True),
        ("id_token", True),
        ("idToken", True),
        ("Set-Cookie", True),
        ("client_secret", True),
        ("code", True),
        ("code_verifier", True),
        ("vo_rrn", True),
        ("error_code", False),
        ("status_code", False),
        ("cookie_name", False),
        ("token_type", False),
        ("subject", False),
    ],
)
def test_secrets_are_known_by_their_key(key: str, secret: bool) -> None:
    assert is_secret(key) is secret


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
        max_leaves=8,
    )
)
def test_anything_can_be_cleaned_and_written(value: object) -> None:
    json.dumps(clean({"x": value}))
