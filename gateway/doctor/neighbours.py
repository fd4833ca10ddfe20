"""Checks that no other environment shares something with this one, as far as their cards can be met from here."""

from __future__ import annotations

import asyncio
import time

from gateway.config import Config
from gateway.config.card import card_of
from gateway.doctor.check_result import CheckResult
from gateway.errors import GatewayError
from gateway.fleet.neighbours import FoundCards, cards_in, cards_on, conflicts
from gateway.session.sessions import Sessions


async def neighbours(config: Config, name: str) -> CheckResult:
    """The cards beside the files of this environment and in its session store."""
    settings = config.environment(name)
    own = await asyncio.to_thread(card_of, name, settings, time.time())
    here = await asyncio.to_thread(lambda: cards_in(config.blocks_file(name).parent))
    secure = settings.public_url.startswith("https://")
    sessions = Sessions(settings.session, environment=name, secure=secure, clock=time.time, make=False)
    try:
        await sessions.start(sweep=False)
        stored = await cards_on(sessions.store, time.time())
    except (ValueError, GatewayError):
        stored = FoundCards(())  # the check of the store says so
    finally:
        await sessions.aclose()
    found = conflicts(own, here.cards, stored.cards)
    if found:
        do = "give each environment its own, or remove the card of one that is gone"
        return CheckResult("environments", "failed", "; ".join(found.values()), do)
    if troubles := (*here.troubles, *stored.troubles):
        do = "remove it, or have its environment make a new one: `gateway config card`"
        return CheckResult("environments", "warning", "; ".join(troubles), do)
    others = {card.environment for _, card in (*here.cards, *stored.cards) if not own.is_of(card)}
    met = f"with {', '.join(sorted(others))}" if others else "no card of another one is here"
    return CheckResult("environments", "ok", f"nothing is shared: {met}")
