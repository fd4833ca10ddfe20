"""What browsers prove about the keys of sessions: cookies, challenges, and both across environments, machines and keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateway.cookies import Cookie
from gateway.events import ignore
from gateway.session.bindings import Bindings
from gateway.session.codec import Binding
from gateway.session.device_proof import ProofRefused, read_proof
from gateway.session.one_time import OneTimeStore
from gateway.session.settings import BoundSettings
from gateway.session.store import Store
from gateway.session.ticket import SessionCipher, binding_of
from tests.bound_browser import new_key, proof
from tests.session.conftest import Clock

pytestmark = pytest.mark.anyio
OLD, NEW = b"o" * 48, b"n" * 48


def bindings(
    store: Store, clock: Callable[[], float], environment: str = "ti", *keys: bytes
) -> tuple[Bindings, SessionCipher]:
    cipher = SessionCipher(environment, keys or (OLD,))
    one_time = OneTimeStore(store, lambda: cipher, clock, environment=environment)
    cookie = Cookie.of(environment, "session", secure=True)
    return Bindings(BoundSettings(), cookie, environment, lambda: cipher, one_time, clock, ignore), cipher


def cookies(found: Bindings, cipher: SessionCipher, environment: str = "ti") -> dict[str, str]:
    """What a browser has after a proof."""
    binding = found.new_id()
    name, _, value = found.set_cookie(binding).partition(";")[0].partition("=")
    return {f"__Host-tgp-{environment}-session": cipher.new_ticket(binding).text, name: value}


async def test_a_proof_counts_for_its_minutes_on_every_machine(store: Store) -> None:
    clock = Clock()
    one, cipher = bindings(store, clock)
    other, _ = bindings(store, clock)
    shown = cookies(one, cipher)
    assert one.credential()["name"] == "__Host-tgp-ti-bound"
    assert one.credential()["attributes"] == "Path=/; HttpOnly; SameSite=Lax; Secure"
    for each in (one, other):
        assert each.ticket(shown) == shown["__Host-tgp-ti-session"]
        assert each.unproven(shown, None) == ""
    clock.now += 631
    for each in (one, other):
        assert each.ticket(shown) is None
        assert each.unproven(shown, b'quota_exceeded;session_identifier="x"') == "quota_exceeded"


async def test_a_clock_that_is_set_back_makes_no_proof_longer(store: Store) -> None:
    clock = Clock()
    found, cipher = bindings(store, clock)
    shown = cookies(found, cipher)
    clock.now -= 29  # another machine, whose clock is behind
    assert found.ticket(shown) is not None
    clock.now -= 3_600
    assert found.ticket(shown) is None
    assert found.unproven(shown, None) == "expired"


async def test_a_proof_goes_on_while_its_key_is_read(store: Store) -> None:
    clock = Clock()
    before, cipher = bindings(store, clock, "ti", OLD)
    shown, challenge = cookies(before, cipher), before.challenge("b")
    rotated, _ = bindings(store, clock, "ti", NEW, OLD)
    assert rotated.ticket(shown) is not None
    rotated.check_challenge(challenge, "b")
    gone, _ = bindings(store, clock, "ti", NEW)
    assert gone.ticket(shown) is None
    with pytest.raises(ProofRefused, match="challenge"):
        gone.check_challenge(challenge, "b")


async def test_nothing_of_one_environment_counts_in_another(store: Store) -> None:
    """Even with the same keys in both."""
    clock = Clock()
    ti, cipher = bindings(store, clock, "ti")
    prd, prd_cipher = bindings(store, clock, "prd")
    key = new_key()
    binding = Binding("b" * 22, "ES256", key.as_dict(private=False), clock())
    signed = read_proof(proof(key, ti.challenge(binding.id)))
    with pytest.raises(ProofRefused, match=r"^challenge$"):
        await prd.check(signed, binding)
    await ti.check(signed, binding)
    shown = {name.replace("-ti-", "-prd-"): value for name, value in cookies(ti, cipher).items()}
    assert prd.ticket(shown) is None
    assert not prd_cipher.issued(shown["__Host-tgp-prd-session"])


async def test_a_challenge_is_used_up_for_all_machines(store: Store) -> None:
    clock = Clock()
    one, _ = bindings(store, clock)
    other, _ = bindings(store, clock)
    key = new_key()
    binding = Binding("b" * 22, "ES256", key.as_dict(private=False), clock())
    signed = read_proof(proof(key, one.challenge(binding.id)))
    await other.check(signed, binding)
    for each in (one, other):
        with pytest.raises(ProofRefused, match="challenge-used"):
            await each.check(signed, binding)


async def test_an_invitation_leads_to_its_ticket_once(store: Store) -> None:
    clock = Clock()
    one, cipher = bindings(store, clock)
    other, _ = bindings(store, clock)
    ticket = cipher.new_ticket().text
    code = await one.invite(ticket)
    assert await other.invited(code) == ticket
    assert await one.invited(code) is None


@pytest.mark.parametrize("text", ["", "x", "A" * 43, "é", "=" * 43, "A" * 44])
async def test_invented_challenges_are_refused(store: Store, text: str) -> None:
    found, _ = bindings(store, Clock())
    with pytest.raises(ProofRefused, match="challenge"):
        found.check_challenge(text, "b")


async def test_a_challenge_from_the_future_is_refused(store: Store) -> None:
    clock = Clock()
    found, _ = bindings(store, clock)
    challenge = found.challenge("b")
    clock.now -= 31
    with pytest.raises(ProofRefused, match="challenge-too-old"):
        found.check_challenge(challenge, "b")


def test_a_ticket_names_its_binding() -> None:
    cipher = SessionCipher("ti", (OLD,))
    binding = "b" * 22
    bound: Any = cipher.new_ticket(binding).text
    assert binding_of(bound) == binding
    assert cipher.issued(bound)
    for changed in (bound[:43], bound[:-1] + "c", bound + "b", bound[:43] + "." + "c" * 22, bound[:44]):
        assert not cipher.issued(changed), changed
    assert binding_of(cipher.new_ticket().text) == ""
