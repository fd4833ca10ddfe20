"""The policy `rate`: so many requests in a sliding window, counted per worker or, where there is one, in a real redis."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.plugin import (
    LOGIN,
    UNANSWERED,
    Allow,
    Deny,
    Identity,
    NotApplicable,
    Policy,
    Secret,
    SharedStore,
    Verdict,
)
from gateway.plugin.testing import NOON, OptionsRefused, facts, person, policy
from gateway.policy.facts import Gatherer
from plugins.rate import Rate


async def asked(
    gatherer: Gatherer, rate: Policy, client: str = "192.0.2.1", who: Identity | None = None
) -> Verdict:
    """The verdict about one request after its fact was gathered, as in the pipeline."""
    given = facts(client=client, identity=who)
    question = rate.question(given)
    gathered = await gatherer.gather([question] if question is not None else [])
    return rate.decide(facts(client=client, identity=who, answers=gathered.facts))


async def test_it_holds_until_the_limit_and_says_when_again() -> None:
    gatherer, rate = Gatherer(), policy(Rate, {"limit": 2, "window": "10m", "per": "client"})
    assert [await asked(gatherer, rate) for _ in range(2)] == [Allow("within-limit")] * 2
    verdict = await asked(gatherer, rate)
    assert isinstance(verdict, Deny)
    ((missing,),) = verdict.alternatives
    assert (missing.kind, missing.remedy) == ("rate", "wait")
    assert missing.detail is not None
    assert datetime.fromisoformat(missing.detail).timestamp() > NOON
    assert isinstance(await asked(gatherer, rate, client="192.0.2.2"), Allow)
    await gatherer.aclose()


async def test_one_network_of_ipv6_is_one_client() -> None:
    gatherer, rate = Gatherer(), policy(Rate, {"limit": 2, "window": "10m", "per": "client"})
    verdicts = [await asked(gatherer, rate, client=f"2001:db8::{number:x}") for number in range(1, 5)]
    assert [isinstance(verdict, Allow) for verdict in verdicts] == [True, True, False, False]
    assert isinstance(await asked(gatherer, rate, client="2001:db8:0:1::1"), Allow)
    assert isinstance(await asked(gatherer, rate, client="unknown"), Allow)
    await gatherer.aclose()


@pytest.mark.parametrize(
    ("per", "same", "other"),
    [
        ("subject", person(organisation="1"), person(subject="another", organisation="2")),
        ("organisation", person(subject="another", organisation="2"), person(organisation="1")),
    ],
)
async def test_who_is_counted(per: str, same: Identity, other: Identity) -> None:
    gatherer, rate = Gatherer(), policy(Rate, {"limit": 1, "window": "1h", "per": per})
    first = person(organisation="1") if per == "subject" else person(organisation="2")
    assert isinstance(await asked(gatherer, rate, who=first), Allow)
    assert isinstance(await asked(gatherer, rate, client="192.0.2.99", who=same), Deny)
    assert isinstance(await asked(gatherer, rate, who=other), Allow)
    await gatherer.aclose()


async def test_who_cannot_be_counted_is_refused() -> None:
    gatherer = Gatherer()
    per_subject = policy(Rate, {"limit": 1, "window": "1h"})
    assert await asked(gatherer, per_subject) == NotApplicable("not-logged-in", LOGIN)
    per_organisation = policy(Rate, {"limit": 1, "window": "1h", "per": "organisation"})
    assert await asked(gatherer, per_organisation, who=person(organisation=None)) == UNANSWERED


async def test_two_windows_in_one_rule_have_answers_of_their_own() -> None:
    gatherer = Gatherer()
    rates = [policy(Rate, {"limit": limit, "window": "1h", "per": "client"}) for limit in (1, 2)]
    questions = [question for rate in rates if (question := rate.question(facts())) is not None]
    assert len((await gatherer.gather(questions)).facts) == 2
    gathered = await gatherer.gather(questions)
    verdicts = [rate.decide(facts(answers=gathered.facts)) for rate in rates]
    assert [isinstance(verdict, Allow) for verdict in verdicts] == [False, True]
    await gatherer.aclose()


async def test_rules_of_the_same_name_count_together() -> None:
    gatherer = Gatherer()
    one, two = (
        policy(Rate, {"limit": 1, "window": "1h", "per": "client", "name": "together"}) for _ in range(2)
    )
    alone = policy(Rate, {"limit": 1, "window": "1h", "per": "client"})
    assert isinstance(await asked(gatherer, one), Allow)
    assert isinstance(await asked(gatherer, two), Deny)
    assert isinstance(await asked(gatherer, alone), Allow)
    await gatherer.aclose()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[SharedStore]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not on this machine")
    place = tmp_path / "r.sock"
    (tmp_path / "password").write_text("letmein")
    (tmp_path / "password").chmod(0o600)
    arguments = ["--port", "0", "--unixsocket", str(place), "--save", "", "--requirepass", "letmein"]
    with subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, cwd=tmp_path) as child:
        assert child.stdout is not None
        assert any(b"ready to accept connections" in line.lower() for line in child.stdout)
        yield SharedStore(f"unix://{place}", Secret("file:password", tmp_path), "toegangspoort:ti:rate")
        child.terminate()


@pytest.mark.redis
async def test_workers_count_together_in_redis(redis: SharedStore) -> None:
    rate = policy(Rate, {"limit": 3, "window": "1h", "per": "client"}, shared_store=redis)
    workers = [Gatherer(), Gatherer()]
    verdicts = [await asked(workers[number % 2], rate) for number in range(5)]
    assert [isinstance(verdict, Allow) for verdict in verdicts] == [True, True, True, False, False]
    for worker in workers:
        await worker.aclose()


async def test_a_store_that_is_gone_denies(tmp_path: Path) -> None:
    store = SharedStore(f"unix://{tmp_path}/nothing.sock", None, "x")
    gatherer, rate = (
        Gatherer(),
        policy(Rate, {"limit": 1, "window": "1h", "per": "client"}, shared_store=store),
    )
    assert await asked(gatherer, rate) == UNANSWERED
    await gatherer.aclose()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"limit": 0, "window": "1m"},
        {"limit": "5", "window": "1m"},
        {"limit": 5, "window": "500ms"},
        {"limit": 5, "window": "1.5s"},
        {"limit": 5, "window": 60},
        {"limit": 5, "window": "1m", "per": "person"},
    ],
)
def test_what_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionsRefused):
        policy(Rate, options)


def test_the_count_is_not_its_own() -> None:
    rate = policy(Rate, {"limit": 5, "window": "1m"})
    samples = rate.distinctions()
    assert samples is not None
    assert samples.asks
    assert [answer["within"] for _, answer in samples.sources] == [True, False]
    assert rate.to_data() == {"rate": {"limit": 5, "window": 60.0}}
