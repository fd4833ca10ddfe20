"""Asking a decision point by AuthZEN: what goes over the wire, and what of its answers is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from gateway.outgoing.client_tls import ClientTls
from gateway.outgoing.egress import DIRECT
from gateway.plugin.authzen import DecisionPoint, Evaluation
from gateway.plugin.fact_source import Question
from gateway.policy.facts import Gathered, Gatherer
from gateway.settings import Secret
from tests.plugin.decision_point import ALLOWED, ScriptedPoint, scripted_point


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


def source(point: ScriptedPoint, **other: Any) -> DecisionPoint:
    known: dict[str, Any] = {
        "url": point.url,
        "token": None,
        "tls": ClientTls(),
        "egress": DIRECT,
        "pseudonyms": None,
        "timeout": 20.0,
        "cache_ttl": 0.0,
    }
    return DecisionPoint(**{**known, **other})


def evaluation(path: str = "/a", *, subject: str = "somebody", acr: str | None = None) -> Evaluation:
    request = {
        "subject": {"type": "user"},
        "action": {"name": "GET"},
        "resource": {"type": "path", "id": path},
    }
    return Evaluation(json.dumps(request), "https://acm.test/op", subject, acr)


async def ask(gatherer: Gatherer, at: DecisionPoint, *abouts: Evaluation) -> Gathered:
    return await gatherer.gather([Question(str(n), at, about) for n, about in enumerate(abouts)])


async def test_one_question_is_one_evaluation(point: ScriptedPoint, gatherer: Gatherer) -> None:
    found = await ask(gatherer, source(point), evaluation("/é"))
    ((path, body),) = point.calls
    assert path == "/access/v1/evaluation"
    assert body == {
        "subject": {"type": "user", "id": "somebody"},
        "action": {"name": "GET"},
        "resource": {"type": "path", "id": "/é"},
    }
    (headers,) = point.headers
    assert headers["content-type"] == "application/json"
    assert found.facts["0"] == {"allow": True, "request": headers["x-request-id"]}


async def test_several_questions_of_a_request_are_one_call(point: ScriptedPoint, gatherer: Gatherer) -> None:
    point.decide = lambda asked: {"decision": asked["resource"]["id"] == "/b"}
    found = await ask(gatherer, source(point), evaluation("/a"), evaluation("/b"), evaluation("/c"))
    ((path, body),) = point.calls
    assert path == "/access/v1/evaluations"
    # Each answer is needed: for all that is missing, and for `any` and `not`.
    assert body["options"] == {"evaluations_semantic": "execute_all"}
    assert [found.facts[str(n)]["allow"] for n in range(3)] == [False, True, False]


async def test_a_point_without_evaluations_is_asked_one_by_one(
    point: ScriptedPoint, gatherer: Gatherer
) -> None:
    stated = point.stated()
    del stated["access_evaluations_endpoint"]
    point.metadata = stated
    point.decide = lambda asked: ALLOWED if asked["resource"]["id"] == "/a" else {"decision": 1}
    found = await ask(gatherer, source(point), evaluation("/a"), evaluation("/b"))
    assert [path for path, _ in point.calls] == ["/access/v1/evaluation"] * 2
    assert (found.facts["0"]["allow"], list(found.failures)) == (True, ["1"])


@pytest.mark.parametrize(
    "answer",
    [
        {"evaluations": [ALLOWED]},
        {"evaluations": [ALLOWED] * 3},
        {"evaluations": []},
        {"evaluations": {"0": ALLOWED, "1": ALLOWED}},
        {"decision": True},
        ALLOWED,
    ],
)
async def test_a_batch_without_an_answer_to_each_has_none(
    point: ScriptedPoint, gatherer: Gatherer, answer: Any
) -> None:
    point.answers = lambda: answer
    found = await ask(gatherer, source(point), evaluation("/a"), evaluation("/b"))
    assert (dict(found.facts), set(found.failures)) == ({}, {"0", "1"})


async def test_one_bad_answer_of_a_batch_spoils_no_other(point: ScriptedPoint, gatherer: Gatherer) -> None:
    point.answers = lambda: {"evaluations": [{"decision": "true"}, ALLOWED, None]}
    found = await ask(gatherer, source(point), evaluation("/a"), evaluation("/b"), evaluation("/c"))
    assert (list(found.facts), set(found.failures)) == (["1"], {"0", "2"})


async def _never() -> Response:
    await asyncio.sleep(0.3)
    return JSONResponse(ALLOWED)


async def _endless() -> Response:
    async def body() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 65_536
            await asyncio.sleep(0)

    return StreamingResponse(body(), media_type="application/json")


@pytest.mark.parametrize(
    "answer",
    [
        lambda: Response("{", media_type="application/json"),
        lambda: Response(b'{"decision": true, "decision": true}', media_type="application/json"),
        lambda: Response(b'{"decision": true, "x": NaN}', media_type="application/json"),
        lambda: Response(b'{"decision": true, "x": "\xff"}', media_type="application/json"),
        lambda: Response(b"[" * 100_000, media_type="application/json"),
        lambda: Response(json.dumps(ALLOWED), media_type="text/html"),
        lambda: Response(json.dumps(ALLOWED)),
        lambda: JSONResponse(ALLOWED, status_code=201),
        lambda: JSONResponse(ALLOWED, status_code=401),
        lambda: JSONResponse(ALLOWED, status_code=403),
        lambda: JSONResponse(ALLOWED, status_code=500),
        lambda: RedirectResponse("/access/v1/evaluation", status_code=307),
        lambda: JSONResponse(ALLOWED, headers={"X-Request-ID": "another"}),
        lambda: JSONResponse(ALLOWED, headers={"Content-Encoding": "gzip"}),
        lambda: JSONResponse({**ALLOWED, "more": "x" * 300_000}),
        _endless,
        _never,
    ],
)
async def test_an_answer_that_cannot_be_trusted_is_none(
    point: ScriptedPoint, gatherer: Gatherer, answer: Any
) -> None:
    point.answers = answer
    found = await ask(gatherer, source(point, timeout=20.0 if answer is not _never else 0.1), evaluation())
    assert (dict(found.facts), list(found.failures)) == ({}, ["0"])


async def test_an_answer_without_request_id_is_taken(point: ScriptedPoint, gatherer: Gatherer) -> None:
    point.answers = lambda: JSONResponse(ALLOWED)
    assert (await ask(gatherer, source(point), evaluation())).facts["0"]["allow"] is True


@pytest.mark.parametrize(
    "other",
    [
        {"policy_decision_point": "http://127.0.0.1:1"},
        {"policy_decision_point": None},
        {"policy_decision_point": "{url}/"},
        {"access_evaluation_endpoint": "http://127.0.0.1:1/access/v1/evaluation"},
        {"access_evaluation_endpoint": "http://user@{host}/access/v1/evaluation"},
        {"access_evaluation_endpoint": None},
        {"access_evaluations_endpoint": "https://elsewhere.example/"},
    ],
)
async def test_metadata_of_another_point_is_not_used(
    point: ScriptedPoint, gatherer: Gatherer, other: dict[str, Any]
) -> None:
    host = point.url.removeprefix("http://")
    point.metadata = point.stated(
        **{
            name: value and value.replace("{url}", point.url).replace("{host}", host)
            for name, value in other.items()
        }
    )
    found = await ask(gatherer, source(point), evaluation())
    assert (dict(found.facts), point.calls) == ({}, [])


@pytest.mark.parametrize(("status", "asked"), [(404, 1), (500, 0), (401, 0), (302, 0)])
async def test_a_point_without_metadata_is_asked_at_the_usual_paths(
    point: ScriptedPoint, gatherer: Gatherer, status: int, asked: int
) -> None:
    point.metadata = status
    await ask(gatherer, source(point), evaluation())
    assert len(point.calls) == asked


async def test_a_fresh_answer_is_for_one_person_and_one_login(
    point: ScriptedPoint, gatherer: Gatherer
) -> None:
    at = source(point, cache_ttl=60.0)
    for each in (evaluation(), evaluation(), evaluation(subject="other"), evaluation(acr="urn:x")):
        await ask(gatherer, at, each)
    assert [asked["subject"]["id"] for asked in point.asked] == ["somebody", "other", "somebody"]
    # Of a batch only what is new goes out.
    await ask(gatherer, at, evaluation(), evaluation("/b"), evaluation("/c"))
    assert [asked["resource"]["id"] for asked in point.asked[3:]] == ["/b", "/c"]
    await ask(gatherer, at, evaluation("/b"), evaluation("/d"))
    assert point.calls[-1][0] == "/access/v1/evaluation"


async def test_without_fresh_every_request_asks(point: ScriptedPoint, gatherer: Gatherer) -> None:
    for _ in range(2):
        await ask(gatherer, source(point), evaluation())
    assert len(point.calls) == 2


async def test_a_failure_is_not_kept(point: ScriptedPoint, gatherer: Gatherer) -> None:
    at = source(point, cache_ttl=60.0)
    point.answers = lambda: {"evaluations": [ALLOWED, {}]}
    await ask(gatherer, at, evaluation("/a"), evaluation("/b"))
    point.answers = None
    found = await ask(gatherer, at, evaluation("/a"), evaluation("/b"))
    assert (len(found.facts), point.calls[-1][0]) == (2, "/access/v1/evaluation")


async def test_a_token_and_pseudonyms(
    point: ScriptedPoint, gatherer: Gatherer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Names:
        def read(self) -> Any:
            return lambda person: f"p-{person.issuer}-{person.subject}"

    monkeypatch.setenv("PDP_TOKEN", "t0ken")
    at = source(point, token=Secret("env:PDP_TOKEN", Path()), pseudonyms=Names())
    await ask(gatherer, at, evaluation())
    assert point.headers[0]["authorization"] == "Bearer t0ken"
    assert point.asked[0]["subject"]["id"] == "p-https://acm.test/op-somebody"


async def test_the_check_of_the_doctor(point: ScriptedPoint) -> None:
    client = source(point).connect()
    try:
        assert await client.check() == f"{point.url} answers with decisions (single and several evaluations)"
        point.answers = lambda: {"decision": "yes"}
        with pytest.raises(ValueError, match="no decision"):
            await client.check()
        point.answers = lambda: Response(status_code=401)
        with pytest.raises(ValueError, match="401"):
            await client.check()
    finally:
        await client.aclose()
