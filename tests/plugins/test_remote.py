"""The policy `remote`: a real engine over HTTP; what it does not clearly allow, in time, is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from gateway.outgoing.egress import Egress
from gateway.plugin import UNANSWERED, Allow, Deny, Missing, Policy, Verdict
from gateway.plugin.testing import OptionsRefused, answer, facts, person, policy
from gateway.policy.facts import Gatherer
from plugins.remote import Remote
from tests.connect_proxy import ConnectProxy
from tests.running import serving
from tests.tls import Certificates

# Beside much other work an engine takes longer than the usual second.
PATIENT = "20s"


class Engine:
    """Answers with what the test says and remembers what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Any = {"result": True}

    async def respond(self, request: Request) -> Response:
        self.headers.append(dict(request.headers))
        self.asked.append(await request.json())
        if callable(self.answer):
            response: Response = await self.answer()
            return response
        return JSONResponse(self.answer)


@pytest.fixture(scope="module")
def served() -> Iterator[Engine]:
    engine = Engine()
    with serving(Starlette(routes=[Route("/v1/data/register", engine.respond, methods=["POST"])])) as running:
        engine.url = f"http://127.0.0.1:{running.port}/v1/data/register"
        yield engine


@pytest.fixture
def engine(served: Engine) -> Engine:
    served.asked.clear()
    served.headers.clear()
    served.answer = {"result": True}
    return served


@pytest.fixture
async def gatherer() -> AsyncIterator[Gatherer]:
    made = Gatherer()
    yield made
    await made.aclose()


async def asked(gatherer: Gatherer, remote: Policy, **request: Any) -> Verdict:
    question = remote.question(facts(**request))
    assert question is not None
    gathered = await gatherer.gather([question])
    return remote.decide(facts(**request, answers=gathered.facts))


async def test_the_engine_gets_the_documented_request(engine: Engine, gatherer: Gatherer) -> None:
    somebody = person(
        "Gebruiker-Indiener", doelgroep="EA", claims={"function": "boss", "secret": "x"}, acr="urn:x"
    )
    remote = policy(Remote, {"url": engine.url, "timeout": PATIENT, "claims": ["function", "other"]})
    await asked(gatherer, remote, path="/o/1", identity=somebody, variables={"kbo": "1"})
    await asked(gatherer, remote, path="/o/1")
    assert engine.asked == [
        {
            "input": {
                "method": "GET",
                "host": "register.test",
                "path": "/o/1",
                "variables": {"kbo": "1"},
                "client": "192.0.2.1",
                "identity": {
                    "kind": "person",
                    "subject": "somebody",
                    "organisation": "0428315871",
                    "doelgroep": "EA",
                    "acr": "urn:x",
                    "scopes": [],
                    "rights": [{"right": "Gebruiker", "context": "Indiener", "organisation": "0428315871"}],
                    "claims": {"function": "boss"},
                },
            }
        },
        {
            "input": {
                "method": "GET",
                "host": "register.test",
                "path": "/o/1",
                "variables": {},
                "client": "192.0.2.1",
                "identity": None,
            }
        },
    ]


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ({"result": True}, Allow("engine-allows")),
        ({"result": {"allow": True}}, Allow("engine-allows")),
        ({"result": False}, Deny("engine-refuses", ((Missing("other", "none"),),))),
        (
            {"result": {"allow": False, "reason": "not-today"}},
            Deny("not-today", ((Missing("other", "none", detail="not-today"),),)),
        ),
        ({"result": {"allow": False, "reason": 3}}, Deny("engine-refuses", ((Missing("other", "none"),),))),
        ({}, UNANSWERED),
        ({"result": None}, UNANSWERED),
        ({"result": 1}, UNANSWERED),
        ({"result": "true"}, UNANSWERED),
        ({"result": {"allow": "true"}}, UNANSWERED),
        ({"result": {}}, UNANSWERED),
        ([True], UNANSWERED),
        ({"result": True, "more": "x" * 70_000}, UNANSWERED),
    ],
)
async def test_what_the_engine_says(engine: Engine, gatherer: Gatherer, said: Any, verdict: Verdict) -> None:
    engine.answer = said
    assert await asked(gatherer, policy(Remote, {"url": engine.url, "timeout": PATIENT})) == verdict


async def _broken() -> Response:
    return Response("{", media_type="application/json")


async def _fault() -> Response:
    return JSONResponse({"result": True}, status_code=500)


async def _elsewhere() -> Response:
    return RedirectResponse("/v1/data/register", status_code=307)


async def _endless() -> Response:
    async def body() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 4096
            await asyncio.sleep(0)

    return StreamingResponse(body())


async def _never() -> Response:
    await asyncio.sleep(3)
    return JSONResponse({"result": True})


@pytest.mark.parametrize("answer_", [_broken, _fault, _elsewhere, _endless])
async def test_an_answer_that_cannot_be_used_denies(engine: Engine, gatherer: Gatherer, answer_: Any) -> None:
    engine.answer = answer_
    assert await asked(gatherer, policy(Remote, {"url": engine.url, "timeout": PATIENT})) == UNANSWERED


async def test_an_engine_that_hangs_or_is_gone_denies(engine: Engine, gatherer: Gatherer) -> None:
    engine.answer = _never
    assert await asked(gatherer, policy(Remote, {"url": engine.url, "timeout": "50ms"})) == UNANSWERED
    gone = policy(Remote, {"url": "http://127.0.0.1:9/v1/data"})
    assert await asked(gatherer, gone) == UNANSWERED


async def test_a_fresh_answer_is_used_again_for_the_same_question_only(
    engine: Engine, gatherer: Gatherer
) -> None:
    remote = policy(Remote, {"url": engine.url, "timeout": PATIENT, "fresh": "1m", "send": ["path"]})
    for path, client in (("/a", "192.0.2.1"), ("/a", "192.0.2.2"), ("/b", "192.0.2.1")):
        assert isinstance(await asked(gatherer, remote, path=path, client=client), Allow)
    assert engine.asked == [{"input": {"path": "/a"}}, {"input": {"path": "/b"}}]


async def test_a_token_goes_along(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_TOKEN", "t0ken")
    remote = policy(Remote, {"url": engine.url, "timeout": PATIENT, "token": "env:ENGINE_TOKEN"})
    assert await answer(remote, facts()) == {"allow": True, "reason": None}
    assert engine.headers[0]["authorization"] == "Bearer t0ken"
    assert "t0ken" not in json.dumps(remote.to_data())
    assert remote.to_data()["remote"]["token"] == "env:ENGINE_TOKEN"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"url": "http://engine.example.be/v1"},
        {"url": "ftp://localhost/"},
        {"url": "https://user:password@engine.example.be/"},
        {"url": "/v1/data"},
        {"url": "https://e.be/", "name": "Engine"},
        {"url": "https://e.be/", "timeout": "0s"},
        {"url": "https://e.be/", "timeout": "1m"},
        {"url": "https://e.be/", "token": "secret"},
        {"url": "https://e.be/", "send": ["cookies"]},
    ],
)
def test_what_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OptionsRefused):
        policy(Remote, options)


def test_the_answer_is_not_its_own() -> None:
    samples = policy(Remote, {"url": "https://e.be/"}).distinctions()
    assert samples is not None
    assert samples.asks
    assert samples.sources == (("remote:engine", {"allow": True}), ("remote:engine", {"allow": False}))


async def test_an_engine_is_asked_through_the_proxy(
    gatherer: Gatherer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates, engine = Certificates(tmp_path), Engine()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    app = Starlette(routes=[Route("/v1/data/register", engine.respond, methods=["POST"])])
    with certificates.serving(app, name="engine.invalid") as url:
        place = ("127.0.0.1", urlsplit(url).port or 0)
        async with ConnectProxy(reach={"engine.invalid": place}).running() as proxy:
            egress = Egress(proxy=f"http://127.0.0.1:{proxy.port}")
            options = {"url": f"{url}/v1/data/register", "timeout": "10s"}
            assert isinstance(await asked(gatherer, policy(Remote, options, egress=egress)), Allow)
            assert proxy.asked == [f"engine.invalid:{place[1]}"]
            assert await asked(gatherer, policy(Remote, options)) == UNANSWERED
