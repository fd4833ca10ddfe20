"""The cookie of a login under way: nothing but what the gateway sealed for this environment opens."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.flow import FlowCookies

FLOWS = FlowCookies(environment="ti", key=b"k" * 32, secure=True, lifetime=600)
FLOW = FLOWS.begin("/echo/x", 1_000_000.0)
NAME, VALUE = FLOWS.set_cookie(FLOW).partition(";")[0].split("=", 1)
OCTETS = urlsafe_b64decode(VALUE + "=" * (-len(VALUE) % 4))


def test_the_cookie_opens_with_its_state_only() -> None:
    assert FLOWS.open(FLOW.state, {NAME: VALUE}) == FLOW
    other = FLOWS.begin("/", 1_000_000.0)
    for state in (
        "",
        FLOW.id,
        f"{FLOW.id}.",
        f"{FLOW.id}.{other.state.partition('.')[2]}",
        other.state,
        FLOW.state + "A",
    ):
        assert FLOWS.open(state, {NAME: VALUE}) is None
    assert FLOWS.open(other.state, {f"{FLOWS.prefix}{other.id}": VALUE}) is None


def test_another_environment_or_key_opens_nothing() -> None:
    for environment, key in (("prd", b"k" * 32), ("ti", b"l" * 32)):
        others = FlowCookies(environment=environment, key=key, secure=True, lifetime=600)
        assert others.open(FLOW.state, {f"{others.prefix}{FLOW.id}": VALUE}) is None


@given(st.integers(0, len(OCTETS) - 1), st.integers(1, 255))
def test_no_flipped_byte_opens(at: int, flip: int) -> None:
    changed = bytearray(OCTETS)
    changed[at] ^= flip
    value = urlsafe_b64encode(bytes(changed)).rstrip(b"=").decode()
    assert FLOWS.open(FLOW.state, {NAME: value}) is None


@given(st.integers(0, len(VALUE) - 2), st.characters(min_codepoint=33, max_codepoint=126))
def test_no_changed_sign_opens(at: int, sign: str) -> None:
    value = VALUE[:at] + sign + VALUE[at + 1 :]
    assert value == VALUE or FLOWS.open(FLOW.state, {NAME: value}) is None


@given(st.text(max_size=200))
def test_nonsense_opens_nothing(value: str) -> None:
    assert FLOWS.open(FLOW.state, {NAME: value}) is None
    assert FLOWS.open(value, {NAME: VALUE}) is None
