"""Asks a decision point by OpenID AuthZEN Authorization API 1.0 (section "HTTPS JSON Binding")."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2

from gateway.json_object import json_object
from gateway.model import Identity
from gateway.outgoing.answer_body import answer_body
from gateway.outgoing.client_tls import ClientTls
from gateway.outgoing.egress import Egress
from gateway.plugin.asked_through import HEADER, asked_header
from gateway.plugin.authzen_answer import read_answer
from gateway.plugin.engine_client import engine_client
from gateway.plugin.fact_source import FactClient, FactSource
from gateway.plugin.load_context import PersonNaming
from gateway.settings import Secret

_MOST_BYTES: Final = 262_144
_METADATA_SECONDS: Final = 3_600.0
_METADATA: Final = "/.well-known/authzen-configuration"
_SINGLE: Final = "access_evaluation_endpoint"
_SEVERAL: Final = "access_evaluations_endpoint"
_PATHS: Final = {_SINGLE: "/access/v1/evaluation", _SEVERAL: "/access/v1/evaluations"}
_OK: Final = 200
_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One question: an evaluation request as JSON without the subject's id, and the person that it is about.

    An answer is used again only for the same person, logged in by the same method, and the same question.
    """

    request: str
    issuer: str
    subject: str
    acr: str | None


@dataclass(frozen=True, slots=True)
class DecisionPoint(FactSource):
    """A decision point (PDP) by its identifier, the address that its metadata must state.

    Without `pseudonyms` it knows people by the provider's id. An answer is as `read_answer` gives it, with `request`, the
    X-Request-ID under which the decision point was asked.
    """

    url: str
    token: Secret | None
    tls: ClientTls
    egress: Egress
    pseudonyms: PersonNaming | None
    timeout: float
    cache_ttl: float

    batches = True
    asked_again = True

    def connect(self) -> FactClient:
        return _Client(self)


class _Client(FactClient):
    def __init__(self, point: DecisionPoint, steady: Callable[[], float] = time.monotonic) -> None:
        self._point = point
        self._steady = steady
        self._name = (
            point.pseudonyms.read() if point.pseudonyms is not None else lambda person: person.subject
        )
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        self._client = engine_client(point.token, point.tls, point.egress, point.timeout, headers)
        self._endpoints: dict[str, str] = {}
        self._endpoints_until = float("-inf")

    async def ask(self, about: Hashable) -> Any:
        answer = (await self.ask_all((about,)))[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def ask_all(self, abouts: Sequence[Hashable]) -> Sequence[Any]:
        endpoints = await self._known_endpoints()
        requests = [self._request(about) for about in abouts if isinstance(about, Evaluation)]
        if len(requests) == 1:
            request_id, found = await self._call(endpoints[_SINGLE], requests[0])
            return [_answer(found, request_id)]
        if _SEVERAL not in endpoints:
            return await asyncio.gather(*(self._alone(endpoints[_SINGLE], each) for each in requests))
        # All of them, also after a denial: the page of a denial says everything that is missing, and `any` and `not`
        # need each answer.
        body = {"evaluations": requests, "options": {"evaluations_semantic": "execute_all"}}
        request_id, found = await self._call(endpoints[_SEVERAL], body)
        answers = found.get("evaluations")
        if not isinstance(answers, list) or len(answers) != len(requests):
            raise ValueError(f"not {len(requests)} evaluations, as many as were asked for")
        return [_answer(each, request_id) for each in answers]

    async def check(self) -> str:
        endpoints = await self._known_endpoints()
        nobody = {
            "subject": {"type": "user", "id": "gateway-doctor"},
            "action": {"name": "GET"},
            "resource": {"type": "path", "id": "/"},
        }
        read_answer((await self._call(endpoints[_SINGLE], nobody))[1])
        several = "single and several" if _SEVERAL in endpoints else "only single"
        return f"{self._point.url} answers with decisions ({several} evaluations)"

    async def aclose(self) -> None:
        await self._client.aclose()

    def _request(self, about: Evaluation) -> dict[str, Any]:
        request: dict[str, Any] = json.loads(about.request)
        request["subject"]["id"] = self._name(Identity(about.issuer, about.subject))
        return request

    async def _alone(self, url: str, request: dict[str, Any]) -> Any:
        try:
            request_id, found = await self._call(url, request)
            return _answer(found, request_id)
        except (httpx2.HTTPError, ValueError) as problem:
            return problem

    async def _known_endpoints(self) -> dict[str, str]:
        """Where to ask, by the metadata (section "Policy Decision Point Metadata"); the usual paths where there is none.

        Raises ValueError for metadata of another decision point: it must not be used.
        """
        if self._steady() >= self._endpoints_until:
            base = self._point.url.rstrip("/")
            parts = urlsplit(base)
            status, body = await self._send("GET", f"{parts.scheme}://{parts.netloc}{_METADATA}{parts.path}")
            if status == _NOT_FOUND:
                self._endpoints = {name: base + path for name, path in _PATHS.items()}
            elif status == _OK:
                self._endpoints = _stated_endpoints(json_object(body), self._point.url)
            else:
                raise ValueError(f"the metadata of the decision point answered {status}")
            self._endpoints_until = self._steady() + _METADATA_SECONDS
        return self._endpoints

    async def _call(self, url: str, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """(X-Request-ID, the JSON object of the answer). Raises httpx2.HTTPError and ValueError."""
        request_id = str(uuid4())
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Request-ID": request_id,
            HEADER: asked_header(self._point.url),
        }
        status, answer = await self._send("POST", url, content=content, headers=headers)
        if status != _OK:
            raise ValueError(f"the decision point answered {status}")
        return request_id, json_object(answer)

    async def _send(
        self, method: str, url: str, *, content: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        async with self._client.stream(method, url, content=content, headers=headers) as response:
            if response.status_code != _OK:
                return response.status_code, b""
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if (
                kind != "application/json"
                or response.headers.get("content-encoding", "identity") != "identity"
            ):
                raise ValueError("the answer is not application/json as it is")
            asked, said = (headers or {}).get("X-Request-ID"), response.headers.get("x-request-id")
            if asked is not None and said not in (asked, None):
                raise ValueError("the answer is to another request")
            return _OK, await answer_body(response.aiter_raw(), _MOST_BYTES)


def _answer(found: Any, request_id: str) -> Any:
    """The answer as plain data, or the ValueError that says what is wrong with it."""
    try:
        return {**read_answer(found), "request": request_id}
    except ValueError as problem:
        return problem


def _stated_endpoints(metadata: dict[str, Any], point: str) -> dict[str, str]:
    if metadata.get("policy_decision_point") != point:
        raise ValueError(f"the metadata is of another decision point than {point}")
    stated = {name: metadata[name] for name in _PATHS if name in metadata}
    if _SINGLE not in stated or not all(_is_at(point, url) for url in stated.values()):
        raise ValueError("the metadata states no evaluation endpoint, or one at another server")
    return stated


def _is_at(point: str, url: Any) -> bool:
    if not isinstance(url, str):
        return False
    try:
        here, there = urlsplit(point), urlsplit(url)
        return (here.scheme, here.hostname, here.port) == (there.scheme, there.hostname, there.port) and (
            there.username is None
        )
    except ValueError:
        return False
