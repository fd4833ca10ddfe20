"""Permissions that are given again to requests that come again: as long as all that they rest on is as it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
import yaml

from gateway.blocks.block_list import Block, change
from tests.bound_browser import BoundBrowser
from tests.gateway_fixture import RIGHTS, Browser, GatewayFixture, scripted_gateway
from tests.gateways import PLUGINS
from tests.waiting import until

# Once to know the lines, once to see the request, once to keep its permission; from then on it is given again.
TIMES = 4
OWN = '''
"""Policies that count how often they are asked."""

from typing import ClassVar

from gateway.plugin import Allow, Distinctions, Policy


class Counted(Policy, name="counted"):
    """Allows, and says that it looks at nothing."""

    asked: ClassVar[int] = 0

    def decide(self, facts):
        type(self).asked += 1
        return Allow()

    def distinctions(self):
        return Distinctions()


class Whim(Policy, name="whim"):
    """Allows now and then, and does not say why."""

    asked: ClassVar[int] = 0

    def decide(self, facts):
        type(self).asked += 1
        return Allow()


class Rude(Counted, name="rude"):
    """Stops the process where it is asked later what it looks at."""

    def distinctions(self):
        if type(self).asked:
            raise SystemExit(3)
        return Distinctions()
'''
RULES: list[Any] = [
    {"id": "open", "match": {"path": "/public/**"}, "require": ["anyone"]},
    {"id": "filed", "match": {"path": "/filed/{kbo}"}, "require": [{"right": {"right": "indiener"}}]},
    {
        "id": "limited",
        "match": {"path": "/limited"},
        "require": ["anyone", {"rate": {"limit": 6, "window": "1m", "per": "client"}}],
    },
    {
        "id": "office",
        "match": {"path": "/office"},
        "require": ["anyone", {"schedule": {"hours": {"mon-sun": "08:00-18:00"}}}],
    },
    *(
        {"id": name, "match": {"path": f"/{name}"}, "require": ["anyone", name]}
        for name in ("counted", "whim", "rude")
    ),
    {"id": "rest", "match": {"path": "/**"}, "require": ["authenticated"]},
]


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    folder = tmp_path_factory.mktemp("kept")
    own = folder / "own"
    own.mkdir()
    (own / "counting.py").write_text(OWN)
    with scripted_gateway(
        folder,
        rules=RULES,
        plugins=(PLUGINS, str(own)),
        session={"idle_timeout": "30m", "max_lifetime": "8h", "recheck": "1h", "bound": {}},
        blocks={"look_every": "100ms"},
        fronts={"main": {"dialect": "nginx"}},
    ) as found:
        yield found


@pytest.fixture
def alice(gate: GatewayFixture) -> Iterator[Browser]:
    gate.op.claims.update(RIGHTS)
    with gate.browser() as found:
        found.log_in()
        yield found


def often(browser: Browser, target: str, **headers: str) -> list[httpx2.Response]:
    found = [browser.call(target, **headers) for _ in range(TIMES)]
    assert {each.status_code for each in found} == {200}, target
    return found


def policy(gate: GatewayFixture, rule: str) -> Any:
    """The kind of policy of this rule, which counts in `asked` how often it was asked."""
    return type(
        next(each for each in gate.gateway.areas.rules.reload.rules().rules if each.id == rule).require[-1]
    )


def test_a_policy_that_says_what_it_looks_at_is_asked_once(gate: GatewayFixture, nobody: Browser) -> None:
    often(nobody, "/counted")
    before = policy(gate, "counted").asked
    often(nobody, "/counted")
    assert policy(gate, "counted").asked == before
    often(nobody, "/counted?x=1")
    assert policy(gate, "counted").asked > before


@pytest.fixture
def nobody(gate: GatewayFixture) -> Iterator[Browser]:
    with gate.browser() as found:
        yield found


@pytest.mark.parametrize("rule", ["whim", "rude"])
def test_another_is_asked_each_time(gate: GatewayFixture, nobody: Browser, rule: str) -> None:
    often(nobody, f"/{rule}")
    before = policy(gate, rule).asked
    often(nobody, f"/{rule}")
    assert policy(gate, rule).asked == before + TIMES
    policy(gate, rule).asked = 0


def test_each_request_has_an_id_and_a_record_of_its_own(gate: GatewayFixture, alice: Browser) -> None:
    found = often(alice, "/filed/1", referer="https://gw.test/a") + often(alice, "/filed/1")
    ids = [each.headers["x-request-id"] for each in found]
    assert len(set(ids)) == len(ids)
    for number, request_id in enumerate(ids):
        (record,) = gate.records_with(request_id)
        assert (record["rule"], record["verdict"], record["path"]) == ("filed", "allow", "/filed/1")
        seen = gate.upstream.seen[number - len(ids)][2]
        assert seen["x-request-id"] == request_id
        assert seen["x-forwarded-user"] == "alice"


def test_a_limit_counts_each_request(nobody: Browser) -> None:
    statuses = [nobody.call("/limited").status_code for _ in range(8)]
    assert statuses == [200] * 6 + [429] * 2


def test_it_ends_with_the_hours_of_the_rule(gate: GatewayFixture, nobody: Browser) -> None:
    now = datetime.fromtimestamp(gate.clock(), ZoneInfo("Europe/Brussels"))
    closing = now.replace(hour=18, minute=0, second=0, microsecond=0)
    if closing - now < timedelta(minutes=2):
        closing += timedelta(days=1)
    gate.clock.ahead += closing.timestamp() - now.timestamp() - 40
    often(nobody, "/office")
    gate.clock.ahead += 41
    assert nobody.call("/office").status_code == 403


def test_it_ends_with_a_logout_elsewhere(gate: GatewayFixture, alice: Browser) -> None:
    often(alice, "/filed/1")
    cookie = alice.headers(None)
    assert alice.post("/oauth2/logout", data={}).status_code in (200, 302, 303)
    assert (
        gate.client.get(f"{gate.url}/filed/1", headers={**cookie, "accept": "application/json"}).status_code
        == 401
    )


def test_it_ends_when_the_session_does(gate: GatewayFixture, alice: Browser) -> None:
    often(alice, "/filed/1")
    gate.clock.ahead += 1_801
    assert alice.call("/filed/1").status_code == 401


def test_each_use_is_a_use_of_the_session(gate: GatewayFixture, alice: Browser) -> None:
    for _ in range(3):
        often(alice, "/filed/1")
        gate.clock.ahead += 1_000


def test_it_ends_when_the_provider_must_be_asked_again(gate: GatewayFixture, alice: Browser) -> None:
    for _ in range(3):
        often(alice, "/filed/1")
        gate.clock.ahead += 1_190
    often(alice, "/filed/1")
    gate.op.claims["ovam_rol_3d"] = []
    gate.clock.ahead += 40
    assert until(lambda: alice.call("/filed/1").status_code == 403)


def test_it_ends_with_the_proof_of_a_bound_session(gate: GatewayFixture) -> None:
    gate.op.claims.update(RIGHTS)
    with gate.browser() as plain:
        bound = BoundBrowser(plain)
        bound.log_in()
        often(plain, "/filed/1")
        gate.clock.ahead += 700
        assert plain.call("/filed/1").status_code == 401


def test_so_does_what_a_front_is_told(gate: GatewayFixture, alice: Browser) -> None:
    def asked() -> httpx2.Response:
        said = {"host": f"localhost:{gate.port}", "x-original-method": "GET", "x-original-uri": "/filed/1"}
        told = {**alice.headers(None), **said, "x-forwarded-for": "192.0.2.7"}
        return gate.client.get(f"http://127.0.0.1:{gate.fronts['main']}/auth", headers=told)

    found = [asked() for _ in range(2 * TIMES)]
    assert {each.status_code for each in found} == {200}
    assert {each.headers["x-forwarded-user"] for each in found} == {"alice"}
    ids = [each.headers["x-request-id"] for each in found]
    assert len(set(ids)) == len(ids)
    (record,) = gate.records_with(ids[-1])
    assert (record["client"], record["path"]) == ("192.0.2.7", "/filed/1")
    alice.post("/oauth2/logout", data={})
    assert asked().status_code == 401


def test_a_block_keeps_out_at_once(gate: GatewayFixture, alice: Browser) -> None:
    often(alice, "/filed/1")
    store = gate.gateway.settings.session.store.path
    assert store is not None
    file = store.with_name(f"{store.name}.blocks.json")
    block = Block("b-1", "organisation", "0428315871", "test", "test", gate.clock())
    change(file, "ti", lambda _: [block])
    try:
        assert until(lambda: gate.gateway.areas.operations.blocks.known)
        assert alice.call("/filed/1").status_code == 403
    finally:
        change(file, "ti", lambda _: [])
    assert until(lambda: not gate.gateway.areas.operations.blocks.known)
    often(alice, "/filed/1")


def test_other_rules_decide_at_once(gate: GatewayFixture, nobody: Browser) -> None:
    path, reload = _rules_file(gate.folder), gate.gateway.areas.rules.reload
    before, first = path.read_text("utf-8"), reload.rules()
    document = yaml.safe_load(before)
    far = {"network": {"any_of": ["192.0.2.0/24"]}}
    document["rules"].insert(0, {"id": "closed", "match": {"path": "/public/x"}, "require": [far]})
    often(nobody, "/public/x")
    path.write_text(yaml.safe_dump(document), "utf-8")
    try:
        assert until(lambda: nobody.call("/public/y") and reload.rules() is not first, 30)
        assert nobody.call("/public/x").status_code == 403
    finally:
        path.write_text(before, "utf-8")
    assert until(lambda: reload.rules().hash == first.hash, 30)
    often(nobody, "/public/x")


def _rules_file(folder: Path) -> Path:
    (found,) = (each for each in folder.glob("*.yaml") if "\nrules:" in each.read_text("utf-8"))
    return found


def test_two_people_with_the_same_words_are_two(gate: GatewayFixture, alice: Browser) -> None:
    often(alice, "/filed/1")
    gate.op.claims["ovam_rol_3d"] = []
    with gate.browser() as other:
        other.log_in()
        assert other.call("/filed/1").status_code == 403
    assert alice.call("/filed/1").status_code == 200
