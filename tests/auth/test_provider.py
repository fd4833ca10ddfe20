"""The corpus of hostile answers of the provider, each through a whole login: token, userinfo, discovery and keys."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response
from structlog.testing import capture_logs

from gateway.errors import LoginFailed, ProviderUnavailable
from tests.auth.conftest import Browser, Connects
from tests.auth.mutations import script_discovery, script_keys, value_of
from tests.auth.scripted_provider import ScriptedProvider, public, signed
from tests.cases.runners import ANSWERS, ROTATION, meaning, no_runner, runs
from tests.gateway_fixture import StillClock

KINDS = {"token_response": "token", "userinfo": "userinfo", "discovery": "discovery", "jwks": "keys"}
# Whether a login may succeed, by what a case expects; where it leaves that open, both.
OUTCOMES: dict[str, tuple[bool, ...]] = {
    "accept": (True,),
    "accept_real_only": (True,),
    "accept_and_warn": (True,),
    "ignored": (True,),
    "refuse_plain": (True,),  # with S256, whatever the provider says: the scripted one asserts it
    "accept_or_reject": (True, False),
    "bounded": (True, False),
    "reject_or_expired": (True, False),
    "reject": (False,),
    "reject_preferred": (False,),
    "warn_or_pin": (False,),
}
# The members of a mutation that replace the whole answer, and those that change it.
ANSWER = (
    "redirect",
    "location",
    "status",
    "close",
    "gzip_bomb_mb",
    "body_size",
    "size",
    "raw",
    "body",
    "content_type",
)
CHANGES = ("set", "del", "jwks", "discovery", "expect_request")


class Broken(Response):
    """An answer whose connection closes before it is complete."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"100")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def scripted(mutation: Mapping[str, Any]) -> Response | None:
    """The answer that replaces the provider's own; None where only members of it change."""
    if "redirect" in mutation or "location" in mutation:
        place = mutation.get("redirect") or mutation["location"]
        return Response(status_code=mutation.get("status", 302), headers={"location": place})
    if mutation.get("close"):
        return Broken()
    if "gzip_bomb_mb" in mutation:
        bomb = gzip.compress(b" " * (1 << 20), 1) * mutation["gzip_bomb_mb"]
        return Response(bomb, media_type="application/json", headers={"content-encoding": "gzip"})
    size = mutation.get("body_size") or mutation.get("size")
    if size is not None:
        return Response(b" " * size, media_type="application/json")
    if "raw" in mutation or isinstance(mutation.get("body"), str):
        content = mutation.get("raw") or mutation["body"]
        return Response(
            content, mutation.get("status", 200), media_type=mutation.get("content_type", "application/json")
        )
    if "body" in mutation or "status" in mutation:
        return JSONResponse(mutation.get("body", {}), mutation.get("status", 200))
    return None


def script(op: ScriptedProvider, kind: str, mutation: Mapping[str, Any]) -> None:
    place = KINDS[kind]
    change = mutation.get("jwks", mutation) if kind == "jwks" else mutation
    answer = scripted({name: value for name, value in change.items() if name in ANSWER})
    if answer is not None:
        op.answers[place] = lambda _request: answer
    elif kind == "jwks":
        script_keys(op, {name: value for name, value in change.items() if name != "discovery"})
    else:
        members = {"token_response": op.token_answer, "userinfo": op.userinfo, "discovery": op.discovery}[
            kind
        ]
        absent = "absent" if kind == "token_response" else None
        members.update({name: there(value, op) for name, value in change.get("set", {}).items()})
        members.update(dict.fromkeys(change.get("del", ()), absent))
    script_discovery(op, mutation.get("discovery", {}))


def there(value: Any, op: ScriptedProvider) -> Any:
    """A value of the file at the place where this provider is."""
    if not isinstance(value, str):
        return value
    return value_of(value.replace("https://idp.test/auth", f"{op.issuer}/v1/auth"), op, "")


@runs(
    ANSWERS, fields=("kind", "expected", "no_outbound_to"), mutation=(*ANSWER, *CHANGES)
)  # fmt: skip
async def test_answer_cases(
    gate: Any, op: ScriptedProvider, clock: StillClock, connects: Connects, case: dict[str, Any]
) -> None:
    mutation, expected = case["mutation"], case["expected"]
    if expected == "use_cached":
        await known_keys_are_believed_for_a_time(gate, op, clock, case)
        return
    outcomes = meaning(OUTCOMES, expected)
    script(op, case["kind"], mutation)
    browser: Browser = (await gate(userinfo=case["kind"] == "userinfo")).browser()

    with capture_logs() as logs:
        try:
            finished = await browser.log_in()
        except (LoginFailed, ProviderUnavailable) as refused:
            assert False in outcomes, refused
            logs.append({"event": f"{refused.facts} {refused.detail}", "log_level": "info"})
            if case["kind"] == "discovery":
                assert set(op.seen) == {"discovery"}, "no authorization request"
        else:
            assert True in outcomes
            assert (finished.identity.issuer, finished.identity.subject) == (op.issuer, "alice")
            assert finished.tokens.expires_at is not None
            assert 0 <= finished.tokens.expires_at - clock.now <= 86_400

    told = str(logs)
    assert ("private keys" in told) == (expected == "accept_and_warn")
    assert "alice" not in told
    assert not any(code in told for code in op.grants)
    assert max(op.seen.values()) <= 2
    assert case.get("no_outbound_to") not in connects.peers
    asked = next((values for endpoint, values in op.requests if endpoint == "token"), {})
    for name, how in mutation.get("expect_request", {}).items():
        assert {"present": bool(asked.get(name)), "absent": name not in asked}[how], name


async def known_keys_are_believed_for_a_time(
    gate: Any, op: ScriptedProvider, clock: StillClock, case: dict[str, Any]
) -> None:
    """What was fetched before counts until its grace ends, then nobody is let in."""
    browser: Browser = (await gate(metadata_lifetime="1h", keys_grace="1d")).browser()
    await browser.log_in()
    script(op, case["kind"], case["mutation"])
    clock.now += 3_601
    assert (await browser.log_in()).identity.subject == "alice"
    clock.now += 86_400
    with pytest.raises(ProviderUnavailable):
        await browser.log_in()


async def new_kid(op: ScriptedProvider, browser: Browser, clock: StillClock) -> None:
    query = await browser.visit((await browser.begin()).location)
    op.keys = [public("k2")]
    op.sign = lambda claims: signed(claims, name="k2")
    code = next(iter(op.grants))
    op.grants[code].used = False
    assert (await browser.finish(query)).identity.subject == "alice"


async def between_logins(op: ScriptedProvider, browser: Browser, clock: StillClock) -> None:
    await browser.log_in()
    clock.now += 60
    op.keys = [public("k2")]
    op.sign = lambda claims: signed(claims, name="k2")
    assert (await browser.log_in()).identity.subject == "alice"
    assert op.seen["keys"] == 2


async def same_kid_new_key(op: ScriptedProvider, browser: Browser, clock: StillClock) -> None:
    await browser.log_in()
    clock.now += 60
    op.keys = [public("attacker_rsa", kid="k1")]
    op.sign = lambda claims: signed(claims, name="attacker_rsa", kid="k1")
    assert (await browser.log_in()).identity.subject == "alice"
    assert op.seen["keys"] == 2


async def remove_k1_then_token_signed_k1(op: ScriptedProvider, browser: Browser, clock: StillClock) -> None:
    await browser.log_in()
    op.keys = [public("k2")]
    clock.now += 3_601
    with pytest.raises(LoginFailed, match="id-token-key-unknown"):
        await browser.log_in()


Rotation = Callable[[ScriptedProvider, Browser, StillClock], Awaitable[None]]
STORIES: dict[str, Rotation] = {
    each.__name__: each
    for each in (new_kid, between_logins, same_kid_new_key, remove_k1_then_token_signed_k1)
}


# What each story ends with.
ENDS = ("accept", "accept_after_refetch", "reject_after_max_age")


@runs(ROTATION, fields=("kind", "expected"), mutation=("rotate",))
async def test_rotation(gate: Any, op: ScriptedProvider, clock: StillClock, case: dict[str, Any]) -> None:
    if case["expected"] not in ENDS:
        no_runner(case)
    story = meaning(STORIES, case["mutation"]["rotate"])
    await story(op, (await gate(metadata_lifetime="1h")).browser(), clock)


async def test_unknown_keys_are_looked_up_once_per_interval(
    gate: Any, op: ScriptedProvider, clock: StillClock
) -> None:
    browser: Browser = (await gate(keys_interval="10s")).browser()
    await browser.log_in()
    op.sign = lambda claims: signed(claims, name="k9")
    for _ in range(3):
        with pytest.raises(LoginFailed, match="key-unknown"):
            await browser.log_in()
    assert op.seen["keys"] == 1, "they were fetched a moment ago"
    clock.now += 11
    for _ in range(3):
        with pytest.raises(LoginFailed, match="key-unknown"):
            await browser.log_in()
    assert op.seen["keys"] == 2


@pytest.mark.parametrize("curve", ["brainpoolP256r1", "secp256k1", "", None, ["P-256"]])
async def test_a_key_on_another_curve_spoils_no_others(gate: Any, op: ScriptedProvider, curve: Any) -> None:
    op.keys.insert(0, public("e1", crv=curve, kid="other"))
    await (await gate()).browser().log_in()
    op.sign = lambda claims: signed(claims, name="e1", alg="ES256", kid="other")
    with pytest.raises(LoginFailed, match="key-unknown"):
        await (await gate()).browser().log_in()


@pytest.mark.parametrize("name", ["authorization_endpoint", "end_session_endpoint", "token_endpoint"])
@pytest.mark.parametrize("rest", ["/v1/\u00e9", "/v1\r\nx: y", "/v1 x", "/v1\x7f", "/v1\\x", "/v1#part"])
async def test_an_endpoint_is_an_address(gate: Any, op: ScriptedProvider, name: str, rest: str) -> None:
    op.discovery[name] = op.issuer + rest
    with pytest.raises(ProviderUnavailable, match=name):
        await (await gate()).browser().begin()


async def test_an_endpoint_may_have_a_query(gate: Any, op: ScriptedProvider) -> None:
    op.discovery["end_session_endpoint"] = f"{op.issuer}/v1/logout?realm=%C3%A9&at=[::1]"
    metadata = await (await gate()).provider.metadata()
    assert metadata.end_session_endpoint == f"{op.issuer}/v1/logout?realm=%C3%A9&at=[::1]"
