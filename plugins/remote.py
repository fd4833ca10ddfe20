"""The verdict of an external engine: Open Policy Agent, or a decision point that speaks AuthZEN. No answer in time denies."""

import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, PrivateAttr

from gateway.plugin import (
    LOGIN,
    UNANSWERED,
    Allow,
    ClientTls,
    DecisionPoint,
    Deny,
    Distinctions,
    Duration,
    Egress,
    Evaluation,
    FactClient,
    Facts,
    FactSource,
    Field,
    FileBeside,
    Identity,
    IdentityView,
    LoadContext,
    Missing,
    NotApplicable,
    Policy,
    Question,
    Secret,
    SecretRef,
    TemplateRef,
    Verdict,
    answer_body,
    authzen_helps,
    authzen_missing,
    engine_client,
)

_MOST_BYTES = 65_536
_TO_ENGINE = ("method", "host", "path", "variables", "client", "identity")
_ABOUT_RESOURCE = ("host", "path", "variables")
_FOR_AUTHZEN = ("action", "resource", "resource_type", "subject", "subject_type")


@dataclass(frozen=True, slots=True)
class Engine(FactSource):
    """Asks by POST; the answer is 200 with `{"result": true}` or `{"result": {"allow": true, "reason": "..."}}`."""

    url: str
    token: Secret | None
    tls: ClientTls
    egress: Egress
    timeout: float
    cache_ttl: float

    def connect(self) -> FactClient:
        return _Client(self)


class _Client(FactClient):
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        self._client = engine_client(engine.token, engine.tls, engine.egress, engine.timeout, headers)

    async def ask(self, about: Hashable) -> Any:
        async with self._client.stream("POST", self._engine.url, content=str(about)) as response:
            if response.status_code != 200:
                raise ValueError(f"the engine answered {response.status_code}")
            body = await answer_body(response.aiter_bytes(), _MOST_BYTES)
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


def _spelled(identity: Identity) -> list[str]:
    """Rights as ACM writes them, and as identity headers have them."""
    return [
        f"{right.name}{f'-{right.context}' if right.context is not None else ''}:{right.organisation}"
        for right in identity.rights
    ]


_PERSON: Mapping[str, str | Callable[[Identity], Any]] = {
    "kind": "kind",
    "organisation": "organisation.code",
    "doelgroep": "doelgroep",
    "acr": "acr",
    "scopes": "scopes",
    "rights": _rights,
}


class Remote(Policy, name="remote"):
    """Holds when an external engine allows the request. No answer in time, or an unreadable one, denies."""

    url: Annotated[str, AfterValidator(_address)]
    """The address of the engine: https, or http on this machine. With `protocol: authzen` the identifier of the decision
    point, letter for letter as its metadata states it."""

    protocol: Literal["opa", "authzen"] = "opa"
    """How the engine is asked: as Open Policy Agent, or by OpenID AuthZEN Authorization API 1.0."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")] = "engine"
    """The name of the answer in decision records; the policies of one rule need different names."""

    token: SecretRef | None = None
    """A token to send as `Authorization: Bearer`, written as env:NAME or file:PATH."""

    ca: FileBeside | None = None
    """PEM file with the authorities that may sign the engine's certificate, instead of those of the machine."""

    server_name: Annotated[str, Field(pattern=r"^[a-z0-9.-]{1,253}$")] | None = None
    """The name that the engine's certificate must have, where that is not the host in `url`."""

    certificate: FileBeside | None = None
    """PEM file with the gateway's own certificate for the engine (mutual TLS)."""

    key: SecretRef | None = None
    """The private key of that certificate, as file:PATH."""

    timeout: Annotated[Duration, Field(gt=0.0, le=30.0)] = 1.0
    """How long the engine may take to answer."""

    fresh: Annotated[Duration, Field(ge=0.0, le=3600.0)] = 0.0
    """How long an answer may be used again for the same question; 0s asks every time."""

    send: (
        tuple[
            Literal[
                "method", "host", "path", "variables", "client", "identity",
                "kind", "organisation", "doelgroep", "acr", "scopes", "rights",
            ],
            ...,
        ]
        | None
    ) = None  # fmt: skip
    """What to send to the engine; leave out what it does not use, so that its answers can be used again."""

    claims: tuple[str, ...] = ()
    """The extra claims to send about the person."""

    action: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """For AuthZEN: the name of the action; by default the method of the request."""

    resource: TemplateRef | None = None
    """For AuthZEN: the id of the resource, with {variables} of the path; by default the path in canonical form."""

    resource_type: Annotated[str, Field(min_length=1, max_length=200)] = "path"
    """For AuthZEN: the type of the resource."""

    subject: Literal["pseudonym", "provider-id"] = "pseudonym"
    """For AuthZEN: by which id the engine knows people: the pseudonym of decision records, or the provider's id (`sub`)."""

    subject_type: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """For AuthZEN: the type of the subject; by default `user` for people and `client` for programs."""

    _answer: str = PrivateAttr()
    _source: FactSource = PrivateAttr()
    _person: IdentityView = PrivateAttr()
    _sent: tuple[str, ...] = PrivateAttr()
    _levels: dict[str, int] = PrivateAttr(default_factory=dict)

    def resolve(self, context: LoadContext) -> None:
        self._answer = f"remote:{self.name}"
        self._check_tls()
        if self.protocol == "authzen" and any(each in self.url for each in "?#"):
            raise ValueError("the identifier of a decision point has no query and no fragment")
        tls = ClientTls(self.ca, self.certificate, self.key, self.server_name)
        if self.protocol == "authzen":
            self._sent = self._checked_parts((*_PERSON, *_ABOUT_RESOURCE, "method", "client"), ())
            names = None if self.subject == "provider-id" else context.pseudonyms
            self._source = DecisionPoint(
                self.url, self.token, tls, context.egress, names, self.timeout, self.fresh
            )
            self._levels = dict(context.levels)
            shown = {name: how for name, how in {**_PERSON, "rights": _spelled}.items() if name in self._sent}
            self._person = IdentityView({**shown, "claims": self._claims} if self.claims else shown)
            return
        defaults = {name: type(self).model_fields[name].default for name in _FOR_AUTHZEN}
        if given := [name for name, default in defaults.items() if getattr(self, name) != default]:
            raise ValueError(f"{given[0]} is for `protocol: authzen` only: leave it out")
        self._sent = self._checked_parts(_TO_ENGINE, _TO_ENGINE)
        self._source = Engine(self.url, self.token, tls, context.egress, self.timeout, self.fresh)
        kind, *others = _PERSON.items()
        self._person = IdentityView(dict([kind, ("subject", "subject"), *others, ("claims", self._claims)]))

    def question(self, facts: Facts) -> Question | None:
        about = self._evaluation(facts) if self.protocol == "authzen" else self._document(facts)
        return Question(self._answer, self._source, about) if about is not None else None

    def decide(self, facts: Facts) -> Verdict:
        if self.protocol == "authzen" and facts.identity is None:
            return NotApplicable("not-logged-in", LOGIN)
        answer = facts.sources.get(self._answer)
        if answer is None:
            return UNANSWERED
        if answer["allow"] is True:
            return Allow("engine-allows")
        reason = answer.get("reason")
        if self.protocol == "authzen":
            return Deny("engine-refuses", authzen_missing(answer, self._levels))
        return Deny(reason or "engine-refuses", ((Missing(kind="other", remedy="none", detail=reason),),))

    def after_steps(self, answer: Any, before: Facts, then: Facts) -> Any:
        if self.protocol != "authzen" or answer["allow"] is True:
            return answer
        return (
            {"allow": True} if authzen_helps(authzen_missing(answer, self._levels), before, then) else answer
        )

    def fact_source(self) -> FactSource | None:
        return self._source

    def distinctions(self) -> Distinctions:
        asked = self._answer
        return Distinctions(sources=((asked, {"allow": True}), (asked, {"allow": False})), asks=True)

    def _check_tls(self) -> None:
        given = [
            name for name in ("ca", "server_name", "certificate", "key") if getattr(self, name) is not None
        ]
        if given and not self.url.startswith("https:"):
            raise ValueError(f"{given[0]} is for an https address: write one, or leave it out")
        if self.key is not None and (self.certificate is None or self.key.path is None):
            raise ValueError(
                "`key` is the file with the key of `certificate`: give both, the key as file:PATH"
            )

    def _checked_parts(self, possible: tuple[str, ...], default: tuple[str, ...]) -> tuple[str, ...]:
        if self.send is None:
            return default
        if wrong := [each for each in self.send if each not in possible]:
            raise ValueError(
                f"`send` cannot have {wrong[0]} with `protocol: {self.protocol}`, only {', '.join(possible)}"
            )
        return self.send

    def _document(self, facts: Facts) -> str:
        known = {
            "method": facts.method,
            "host": facts.host,
            "path": facts.path,
            "variables": dict(facts.variables),
            "client": facts.client,
            "identity": self._person(facts.identity) if facts.identity is not None else None,
        }
        about = {"input": {part: known[part] for part in self._sent}}
        return json.dumps(about, sort_keys=True)

    def _evaluation(self, facts: Facts) -> Evaluation | None:
        """The request without what is unknown or not to be sent; the client of the source adds the subject's id."""
        person = facts.identity
        if person is None:
            return None
        kind = "user" if person.kind == "person" else "client"
        about_resource = {"host": facts.host, "path": facts.path, "variables": dict(facts.variables)}
        request = {
            "subject": _entity({"type": self.subject_type or kind}, self._person(person)),
            "action": _entity(
                {"name": self.action or facts.method},
                {"method": facts.method if "method" in self._sent else None},
            ),
            "resource": _entity(
                {
                    "type": self.resource_type,
                    "id": self.resource.render(facts.variables) if self.resource is not None else facts.path,
                },
                {name: value for name, value in about_resource.items() if name in self._sent},
            ),
        }
        if "client" in self._sent and facts.client:
            request["context"] = {"client": facts.client}
        return Evaluation(json.dumps(request, sort_keys=True), person.issuer, person.subject, person.acr)

    def _claims(self, identity: Identity) -> dict[str, Any]:
        return {name: identity.claims[name] for name in self.claims if name in identity.claims}


def _entity(named: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    known = {name: value for name, value in properties.items() if value is not None}
    return {**named, "properties": known} if known else named
