"""The policy `remote` with `protocol: authzen`: what it sends of a request, and what it makes of the answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.responses import JSONResponse

from gateway.outgoing.egress import Egress
from gateway.plugin import LOGIN, UNANSWERED, Allow, Deny, Missing, NotApplicable, Policy, Verdict
from gateway.plugin.testing import OptionsRefused, facts, machine, person, policy
from gateway.policy.facts import Gatherer
from plugins.remote import Remote
from tests.connect_proxy import ConnectProxy
from tests.plugin.decision_point import ScriptedPoint, scripted_point
from tests.tls import Certificates

EID = "urn:be:vlaanderen:authmech:eid"


@pytest.fixture(scope="module")
def served() -> Iterator[ScriptedPoint]:
    with scripted_point() as point:
        yield point


@pytest.fixture
def point(served: ScriptedPoint) -> ScriptedPoint:
    served.reset()
    return served


@pytest.fixture
async def gatherer() -> AsyncIterator[Gatherer]:
    made = Gatherer()
    yield made
    await made.aclose()


def remote(url: str, *, variables: tuple[str, ...] = (), egress: Any = None, **options: Any) -> Policy:
    more = {} if egress is None else {"egress": egress}
    return policy(
        Remote, {"protocol": "authzen", "url": url, "timeout": "20s", **options}, variables=variables, **more
    )


async def asked(gatherer: Gatherer, tried: Policy, **request: Any) -> Verdict:
    question = tried.question(facts(**request))
    assert question is not None
    gathered = await gatherer.gather([question])
    return tried.decide(facts(**request, answers=gathered.facts))


async def test_by_itself_it_sends_nothing_about_a_person(point: ScriptedPoint, gatherer: Gatherer) -> None:
    somebody = person("A-B", doelgroep="EA", email="e@x.be", acr=EID, claims={"function": "boss"})
    assert await asked(gatherer, remote(point.url), path="/o/1", identity=somebody) == Allow("engine-allows")
    assert point.asked == [
        {
            "subject": {"type": "user", "id": "somebody"},
            "action": {"name": "GET"},
            "resource": {"type": "path", "id": "/o/1"},
        }
    ]


async def test_what_is_named_goes_along(point: ScriptedPoint, gatherer: Gatherer) -> None:
    tried = remote(
        point.url,
        variables=("kbo",),
        action="indienen",
        resource="melding-{kbo}",
        resource_type="melding",
        subject_type="persoon",
        send=[
            "kind",
            "organisation",
            "doelgroep",
            "acr",
            "rights",
            "host",
            "path",
            "variables",
            "method",
            "client",
        ],
        claims=["function", "absent"],
    )
    somebody = person("A-B", "C:1", doelgroep="EA", claims={"function": "boss", "secret": "x"})
    await asked(gatherer, tried, path="/o/1", method="POST", identity=somebody, variables={"kbo": "1"})
    assert point.asked == [
        {
            "subject": {
                "type": "persoon",
                "id": "somebody",
                "properties": {
                    "kind": "person",
                    "organisation": "0428315871",
                    "doelgroep": "EA",
                    "rights": ["A-B:0428315871", "C:1"],
                    "claims": {"function": "boss"},
                },
            },
            "action": {"name": "indienen", "properties": {"method": "POST"}},
            "resource": {
                "type": "melding",
                "id": "melding-1",
                "properties": {"host": "register.test", "path": "/o/1", "variables": {"kbo": "1"}},
            },
            "context": {"client": "192.0.2.1"},
        }
    ]


async def test_a_program_is_another_type_of_subject(point: ScriptedPoint, gatherer: Gatherer) -> None:
    await asked(gatherer, remote(point.url, send=["scopes"]), identity=machine("read"))
    assert point.asked[0]["subject"] == {"type": "client", "id": "client", "properties": {"scopes": ["read"]}}


def test_nobody_is_asked_about_without_a_login() -> None:
    tried = remote("https://pdp.example.be")
    assert tried.question(facts()) is None
    assert tried.decide(facts()) == NotApplicable("not-logged-in", LOGIN)


async def test_a_denial_says_what_helps(point: ScriptedPoint, gatherer: Gatherer) -> None:
    tried = remote(point.url)
    point.decide = lambda _: {
        "decision": False,
        "context": {"reason_user": "Niet vandaag", "acr_values": EID},
    }
    step_up = ((Missing("assurance", "step_up", acr_values=(EID,)),),)
    assert await asked(gatherer, tried, identity=person()) == Deny("engine-refuses", step_up)
    point.decide = lambda _: {"decision": False, "context": {"reason_user": "Niet vandaag"}}
    obstacle = ((Missing("other", "none", detail="Niet vandaag"),),)
    assert await asked(gatherer, tried, identity=person()) == Deny("engine-refuses", obstacle)
    point.answers = lambda: JSONResponse({}, status_code=500)
    assert await asked(gatherer, tried, identity=person()) == UNANSWERED


def test_a_denial_becomes_a_permit_only_by_the_step_that_it_names() -> None:
    tried = remote("https://pdp.example.be")
    answer = {"allow": False, "acr_values": [EID]}
    weak, strong = facts(identity=person(acr="urn:x")), facts(identity=person(acr=EID))
    assert tried.after_steps(answer, weak, strong) == {"allow": True}
    assert tried.after_steps(answer, weak, weak) == answer
    # Somebody who has what it asks for, and is denied all the same, is not told to log in again.
    assert tried.after_steps(answer, strong, strong) == answer
    assert tried.after_steps({"allow": True}, weak, weak) == {"allow": True}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"send": ["identity"]}, "`send` cannot have identity"),
        ({"protocol": "opa", "send": ["rights"]}, "`send` cannot have rights"),
        ({"protocol": "opa", "action": "read"}, "action is for `protocol: authzen` only"),
        ({"protocol": "opa", "subject": "provider-id"}, "subject is for `protocol: authzen` only"),
        ({"protocol": "xacml"}, "protocol"),
        ({"url": "http://pdp.example.be"}, "https"),
        ({"url": "http://localhost:1", "ca": "ca.pem"}, "ca is for an https address"),
        ({"key": "file:key.pem"}, "give both"),
        ({"certificate": "c.pem", "key": "env:KEY"}, "give both"),
        ({"resource": "{kbo}"}, "kbo"),
        ({"token": "t0ken"}, "a secret is never written here"),
        ({"url": "https://pdp.example.be?tenant=1"}, "query"),
        ({"url": "https://pdp.example.be#x"}, "query"),
    ],
)
def test_what_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionsRefused, match=words):
        policy(Remote, {"protocol": "authzen", "url": "https://pdp.example.be", **options})


async def test_the_point_proves_who_it_is_and_so_does_the_gateway(gatherer: Gatherer, tmp_path: Path) -> None:
    point, certificates = ScriptedPoint(), Certificates(tmp_path)
    client, key = certificates.files("good", "gateway.test")
    own = {"certificate": str(client), "key": f"file:{key}"}
    key.chmod(0o600)
    options = {"ssl_ca_certs": str(certificates.ca), "ssl_cert_reqs": 2, "loop": "asyncio"}
    with certificates.serving(point.app, "other-name", **options) as url:
        point.url = url
        named = {"ca": str(certificates.ca), "server_name": "other.test"}
        for trusted, allowed in (
            ({**named, **own}, True),
            (named, False),
            ({**named, **own, "server_name": "third.test"}, False),
            ({"ca": str(certificates.ca), **own}, False),
            ({"server_name": "other.test", **own}, False),
        ):
            verdict = await asked(gatherer, remote(url, **trusted), identity=person())
            assert verdict == (Allow("engine-allows") if allowed else UNANSWERED), trusted


async def test_it_is_asked_through_the_proxy(gatherer: Gatherer, tmp_path: Path) -> None:
    point, certificates = ScriptedPoint(), Certificates(tmp_path)
    with certificates.serving(point.app, "other-name", name="pdp.invalid") as url:
        point.url = url
        place = ("127.0.0.1", urlsplit(url).port or 0)
        async with ConnectProxy(reach={"pdp.invalid": place}).running() as proxy:
            egress = Egress(proxy=f"http://127.0.0.1:{proxy.port}")
            named = {"ca": str(certificates.ca), "server_name": "other.test"}
            verdict = await asked(gatherer, remote(url, egress=egress, **named), identity=person())
            assert verdict == Allow("engine-allows")
            assert set(proxy.asked) == {f"pdp.invalid:{place[1]}"}
            wrong = remote(url, egress=egress, ca=str(certificates.ca))
            assert await asked(gatherer, wrong, identity=person()) == UNANSWERED


def test_the_rule_as_data_has_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PDP_TOKEN", "t0ken")
    tried = remote("https://pdp.example.be", token="env:PDP_TOKEN", send=["acr"])
    assert tried.to_data() == {
        "remote": {
            "url": "https://pdp.example.be",
            "protocol": "authzen",
            "token": "env:PDP_TOKEN",
            "timeout": 20.0,
            "send": ["acr"],
        }
    }
    assert "t0ken" not in json.dumps(tried.to_data())
