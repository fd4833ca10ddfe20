"""A login under way: nothing but what the gateway sealed for this environment and this browser opens."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.flow import LONGEST_TARGET, MOST_FLOWS, FlowCookies, LoginIntent

FLOWS = FlowCookies(environment="ti", keys=(b"k" * 32,), secure=True, lifetime=600)
ERRAND = LoginIntent("/echo/x", 1_000_000.0, acr_values=("urn:eid",), hint="EA", attempt=1)
FLOW = FLOWS.begin(ERRAND)
NAME, VALUE = FLOWS.set_cookie(FLOW).partition(";")[0].split("=", 1)
SEALED = FLOW.state.partition(".")[2]
OCTETS = urlsafe_b64decode(SEALED + "=" * (-len(SEALED) % 4))


def test_the_cookie_opens_with_its_state_only() -> None:
    assert FLOWS.open(FLOW.state, {NAME: VALUE}) == FLOW
    other = FLOWS.begin(LoginIntent("/", 1_000_000.0))
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
        others = FlowCookies(environment=environment, keys=(key,), secure=True, lifetime=600)
        assert others.open(FLOW.state, {f"{others.prefix}{FLOW.id}": VALUE}) is None


def test_a_flow_opens_at_a_gateway_that_uses_another_key() -> None:
    """Also the other way round, and only where the key is known."""
    old, new = b"k" * 32, b"n" * 32
    behind = FlowCookies(environment="ti", keys=(old, new), secure=True, lifetime=600)
    ahead = FlowCookies(environment="ti", keys=(new, old), secure=True, lifetime=600)
    for here, there in ((behind, ahead), (ahead, behind)):
        flow = here.begin(ERRAND)
        name, value = here.set_cookie(flow).partition(";")[0].split("=", 1)
        assert there.open(flow.state, {name: value}) == flow
        assert there.read(flow.state) == ERRAND
    after = FlowCookies(environment="ti", keys=(new,), secure=True, lifetime=600)
    assert after.open(FLOW.state, {NAME: VALUE}) is None


def test_a_state_says_what_it_is_for_whichever_browser_began_it() -> None:
    assert FLOWS.read(FLOW.state) == ERRAND
    assert FLOWS.open(FLOW.state, {}) is None
    assert FLOWS.is_state(FLOW.state)
    assert not any(map(FLOWS.is_state, ("", "x", FLOW.id, f"{FLOW.id}.", f"{FLOW.id}.{SEALED}!")))


def test_states_and_cookies_stay_small() -> None:
    """Servers take about 8 kB of headers, of which the gateway's cookies must leave most."""
    longest = LoginIntent(
        "/" * LONGEST_TARGET, 1.8e9, "k" * 43, ("urn:be:vlaanderen:authmech:eid",) * 2, "EA:0428315871"
    )
    state = FLOWS.begin(longest).state
    assert len(state) < 1_024
    assert all(sign.isalnum() or sign in "._-" for sign in state)
    assert MOST_FLOWS * (len(f"{NAME}={VALUE}; ")) < 3_000


def test_each_flow_has_secrets_of_its_own() -> None:
    flows = [FLOWS.begin(ERRAND) for _ in range(50)]
    assert (
        len({each for flow in flows for each in (flow.state, flow.secret, flow.nonce, flow.verifier)}) == 200
    )


@given(st.integers(0, len(OCTETS) - 1), st.integers(1, 255))
def test_no_flipped_byte_opens(at: int, flip: int) -> None:
    changed = bytearray(OCTETS)
    changed[at] ^= flip
    state = f"{FLOW.id}.{urlsafe_b64encode(bytes(changed)).rstrip(b'=').decode()}"
    assert FLOWS.read(state) is None
    assert FLOWS.open(state, {NAME: VALUE}) is None


@given(st.integers(0, len(VALUE) - 1), st.characters(min_codepoint=33, max_codepoint=126))
def test_no_changed_sign_opens(at: int, sign: str) -> None:
    value = VALUE[:at] + sign + VALUE[at + 1 :]
    assert value == VALUE or FLOWS.open(FLOW.state, {NAME: value}) is None


@given(st.text(max_size=200))
def test_nonsense_opens_nothing(value: str) -> None:
    assert FLOWS.open(FLOW.state, {NAME: value}) is None
    assert FLOWS.open(value, {NAME: VALUE}) is None
