"""The verdict of an external engine, such as Open Policy Agent over HTTP. No answer in time denies."""

import json
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import httpx2
from pydantic import AfterValidator, PrivateAttr

from gateway.plugin import (
    UNANSWERED,
    Allow,
    Deny,
    Distinctions,
    Duration,
    Egress,
    FactClient,
    Facts,
    FactSource,
    Field,
    Identity,
    IdentityView,
    LoadContext,
    Missing,
    Policy,
    Question,
    Secret,
    SecretRef,
    Verdict,
)

_MOST_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Engine(FactSource):
    """Asks by POST; the answer is 200 with `{"result": true}` or `{"result": {"allow": true, "reason": "..."}}`."""

    url: str
    token: Secret | None
    egress: Egress
    timeout: float
    cache_ttl: float

    def connect(self) -> FactClient:
        return _Client(self)


class _Client(FactClient):
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if engine.token is not None:
            self._headers["Authorization"] = f"Bearer {engine.token.read().decode()}"
        self._client = httpx2.AsyncClient(
            transport=engine.egress.transport(),
            timeout=engine.timeout,
            follow_redirects=False,
            trust_env=False,
        )

    async def ask(self, about: Hashable) -> Any:
        request = self._client.stream("POST", self._engine.url, content=str(about), headers=self._headers)
        async with request as response:
            if response.status_code != 200:
                raise ValueError(f"the engine answered {response.status_code}")
            body = b""
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise ValueError("the engine's answer is too large")
        result = json.loads(body)["result"]
        allow = result["allow"] if isinstance(result, dict) else result
        if not isinstance(allow, bool):
            raise ValueError("the engine's answer is neither true nor false")
        reason = result.get("reason") if isinstance(result, dict) else None
        return {"allow": allow, "reason": reason if isinstance(reason, str) else None}

    async def aclose(self) -> None:
        await self._client.aclose()


def _address(value: str) -> str:
    parts = urlsplit(value)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if (
        parts.username
        or not parts.hostname
        or not (parts.scheme == "https" or (parts.scheme == "http" and local))
    ):
        raise ValueError(
            "write an https address, or http for localhost: http://localhost:8181/v1/data/register"
        )
    return value


def _rights(identity: Identity) -> list[dict[str, str | None]]:
    return [
        {"right": right.name, "context": right.context, "organisation": right.organisation}
        for right in identity.rights
    ]


class Remote(Policy, name="remote"):
    """Holds when an external engine allows the request. No answer in time, or an unreadable one, denies."""

    url: Annotated[str, AfterValidator(_address)]
    """The address of the engine: https, or http on this machine."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")] = "engine"
    """The name of the answer in decision records; the policies of one rule need different names."""

    token: SecretRef | None = None
    """A token to send as `Authorization: Bearer`, written as env:NAME or file:PATH."""

    timeout: Annotated[Duration, Field(gt=0.0, le=30.0)] = 1.0
    """How long the engine may take to answer."""

    fresh: Annotated[Duration, Field(ge=0.0, le=3600.0)] = 0.0
    """How long an answer may be used again for the same question; 0s asks every time."""

    send: tuple[Literal["method", "host", "path", "variables", "client", "identity"], ...] = (
        "method", "host", "path", "variables", "client", "identity",
    )  # fmt: skip
    """What to send to the engine; leave out what it does not use, so that its answers can be used again."""

    claims: tuple[str, ...] = ()
    """The extra claims to send with the identity."""

    _engine: Engine = PrivateAttr()
    _person: IdentityView = PrivateAttr()

    def resolve(self, context: LoadContext) -> None:
        self._engine = Engine(self.url, self.token, context.egress, self.timeout, self.fresh)
        self._person = IdentityView(
            {
                "kind": "kind",
                "subject": "subject",
                "organisation": "organisation.code",
                "doelgroep": "doelgroep",
                "acr": "acr",
                "scopes": "scopes",
                "rights": _rights,
                "claims": self._claims,
            }
        )

    def question(self, facts: Facts) -> Question:
        known = {
            "method": facts.method,
            "host": facts.host,
            "path": facts.path,
            "variables": dict(facts.variables),
            "client": facts.client,
            "identity": self._person(facts.identity) if facts.identity is not None else None,
        }
        about = {"input": {part: known[part] for part in self.send}}
        return Question(f"remote:{self.name}", self._engine, json.dumps(about, sort_keys=True))

    def _claims(self, identity: Identity) -> dict[str, Any]:
        return {name: identity.claims[name] for name in self.claims if name in identity.claims}

    def decide(self, facts: Facts) -> Verdict:
        answer = facts.answer(self)
        if answer is None:
            return UNANSWERED
        if answer["allow"] is True:
            return Allow("engine-allows")
        reason = answer.get("reason")
        return Deny(reason or "engine-refuses", ((Missing(kind="other", remedy="none", detail=reason),),))

    def distinctions(self) -> Distinctions:
        name = f"remote:{self.name}"
        return Distinctions(sources=((name, {"allow": True}), (name, {"allow": False})), asks=True)
