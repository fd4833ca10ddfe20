"""What operators see of a session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from gateway.model import Identity, Organisation
from gateway.session.sessions import Sessions
from gateway.session.settings import SessionSettings
from gateway.session.store import Store
from gateway.session.summary import SessionSummary
from tests.session.conftest import Clock

pytestmark = pytest.mark.anyio
KEYS = ("k2", "k1")
ANNA = Identity("https://acm/op", "anna", organisation=Organisation("0428315871"), acr="eid")


async def test_a_summary_is_kept_for_each_session_and_each_renewal(
    store: Store,
    clock: Clock,
    pass_time: Callable[[float], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CARD_KEY", "k" * 32)
    settings = SessionSettings.model_validate({"store": "memory:", "key": "env:CARD_KEY"})
    sessions = Sessions(
        settings, environment="ti", secure=False, clock=clock, store=store,
        names=lambda: lambda identity: {"k2": f"new-{identity.subject}", "k1": f"old-{identity.subject}"},
    )  # fmt: skip
    await sessions.start(sweep=False)
    session, ticket = await sessions.create(ANNA, device="Firefox/Linux")
    names = ("new-anna", "old-anna")
    assert await sessions.summaries.of([session.id]) == [
        SessionSummary(names, KEYS, "0428315871", "eid", "Firefox/Linux")
    ]
    other = Identity("https://acm/op", "anna", organisation=Organisation("OVO000001"))
    renewed = await sessions.renew(ticket, session, other)
    assert renewed is not None
    assert renewed[0].id != session.id
    assert await sessions.summaries.of([renewed[0].id]) == [
        SessionSummary(names, KEYS, "OVO000001", None, "Firefox/Linux")
    ]
    assert await sessions.summaries.of(["0" * 16]) == [SessionSummary()]
    await pass_time(session.expires_at - clock.now)
    assert await sessions.summaries.of([renewed[0].id]) == [SessionSummary()]
    await sessions.aclose()
