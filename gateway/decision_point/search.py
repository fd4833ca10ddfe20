"""The search endpoints of the Authorization API: who may do this, to what, and what else; page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import quote

from cachetools import TTLCache
from pydantic import BaseModel

from gateway.analysis.search import TooMany, allows, inexact_paths, let_in, open_paths
from gateway.authzen.authorization_api import AuthzenRequest
from gateway.authzen.messages import (
    Action,
    ActionSearch,
    Entity,
    Page,
    ResourceSearch,
    SubjectSearch,
    Unanswerable,
    parse_message,
)
from gateway.authzen.page_tokens import PagePosition, PageTokens, question_hash
from gateway.authzen.request_mapping import RequestMapping
from gateway.authzen.settings import PATH, PERSON, PROGRAM, SESSION
from gateway.decision_point.evaluation_endpoints import address_and_moment
from gateway.decision_point.evaluator import Evaluator, HypotheticalRequest
from gateway.decision_point.subjects import Subjects, subject_of
from gateway.errors import GatewayError, LoginRequired, Overloaded
from gateway.exchange import Caller, Exchange
from gateway.http_semantics import METHODS
from gateway.model import DecisionInput, Identity
from gateway.pipeline.authorize import input_of
from gateway.policy.pattern import Pattern, parse_pattern
from gateway.policy.ruleset import RuleSet

_OWN: Final[tuple[Pattern, ...]] = tuple(map(parse_pattern, ("/oauth2/**", "/.well-known/jwks.json")))
_KINDS: Final[Mapping[str, Literal["person", "machine"]]] = {PERSON: "person", PROGRAM: "machine"}
_MOST_WAITING: Final = 4
_RETRY_SECONDS: Final = 2
_KEPT_SECONDS: Final = 30.0
_MOST_KEPT: Final = 100_000
"""Results, of all searches together."""

# The address of the client, and the moment in seconds since the epoch; None for now.
Circumstances = tuple[str, float | None]


@dataclass(frozen=True, slots=True)
class Found:
    """All results, and why there may be others."""

    results: Sequence[Mapping[str, Any]]
    inexact: str | None = None


class _Kept(NamedTuple):
    """What was found, and for whom or among whom."""

    people: Any
    found: Found


class SearchEndpoints:
    """Answers searches: one after the other in a thread of its own, so that requests don't wait for them.

    `rules` gives the rule set in force; `further` are methods beside the usual ones; `page_size` is how many results one
    answer holds at most. `steady` never goes back.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        subjects: Subjects,
        mapping: RequestMapping,
        tokens: PageTokens,
        rules: Callable[[], RuleSet],
        *,
        further: Sequence[str],
        page_size: int,
        steady: Callable[[], float],
    ) -> None:
        self._evaluator = evaluator
        self._subjects = subjects
        self._mapping = mapping
        self._tokens = tokens
        self._rules = rules
        self._methods = (*sorted(METHODS), *further)
        self._page_size = page_size
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="search")
        self._kept: TTLCache[bytes, _Kept] = TTLCache(
            _MOST_KEPT, _KEPT_SECONDS, timer=steady, getsizeof=lambda kept: 1 + len(kept.found.results)
        )
        self._waiting = 0

    async def subject(self, request: AuthzenRequest) -> dict[str, Any]:
        """Who may do this to this resource? Raises Unanswerable."""
        message = parse_message(SubjectSearch, request.data)
        # On the event loop, where blocks are kept.
        known = [
            (subject, identity)
            for subject, identity in self._subjects.known(message.subject.type)
            if not self._evaluator.is_blocked(identity)
        ]

        def find() -> Found:
            kind = message.subject.type
            circumstances = address_and_moment(message.context)
            if kind == SESSION:
                raise Unanswerable(f"subject.type: sessions are not listed; search for the type {PERSON!r}")
            settings = self._subjects.kind(kind)
            exchange = self._exchange(message.action, message.resource, circumstances)
            if settings is None or exchange is None:
                return Found(())
            if kind in _KINDS:
                found = let_in(self._rules(), input_of(exchange), settings.kind)
                several = [subject_of(each, kind) for each in found.identities]
                return Found(list({each["id"]: each for each in several}.values()), found.inexact)
            return Found(
                [
                    {"type": subject.type, "id": subject.id}
                    for subject, identity in known
                    if self._allows(exchange, identity)
                ]
            )

        return await self._paged("subject", request, message, known, find)

    async def resource(self, request: AuthzenRequest) -> dict[str, Any]:
        """To what may this subject do this? Raises Unanswerable."""
        message = parse_message(ResourceSearch, request.data)
        caller = await self._caller(request, message.subject)

        def find() -> Found:
            circumstances = address_and_moment(message.context)
            if caller is None:
                return Found(())
            if message.resource.type == PATH:
                return self._paths(caller, message.action, circumstances)
            return Found(
                [
                    {"type": each.type, "id": each.id}
                    for each in self._mapping.known(message.resource.type)
                    if self._may(caller, message.action, each, circumstances)
                ]
            )

        return await self._paged("resource", request, message, caller and caller.identity, find)

    async def action(self, request: AuthzenRequest) -> dict[str, Any]:
        """What may this subject do to this resource? Raises Unanswerable."""
        message = parse_message(ActionSearch, request.data)
        caller = await self._caller(request, message.subject)

        def find() -> Found:
            circumstances = address_and_moment(message.context)
            if caller is None or not self._mapping.knows(message.resource.type):
                return Found(())
            names = self._methods if message.resource.type == PATH else self._mapping.actions
            return Found(
                [
                    {"name": name}
                    for name in names
                    if self._may(caller, Action(name=name), message.resource, circumstances)
                ]
            )

        return await self._paged("action", request, message, caller and caller.identity, find)

    async def _caller(self, request: AuthzenRequest, subject: Entity) -> Caller | None:
        """The subject of a search; None where nothing is open to it, because it is nobody, or blocked."""
        try:
            caller = await self._subjects.of(request.program, subject)
            return None if self._evaluator.is_blocked(caller.identity) else caller
        except LoginRequired:
            return None
        except Unanswerable as error:
            if error.answered == 404:
                return None
            raise

    def _exchange(self, action: Action, resource: Entity, circumstances: Circumstances) -> Exchange | None:
        """The request as far as admission; None where it would be refused before the rules."""
        try:
            target = self._mapping.target(action, resource)
        except Unanswerable as error:
            if error.answered == 404:
                return None
            raise
        exchange = self._evaluator.exchange(HypotheticalRequest("", "", target, *circumstances))
        try:
            self._evaluator.admitted(exchange)
        except GatewayError:
            return None
        return exchange

    def _may(self, caller: Caller, action: Action, resource: Entity, circumstances: Circumstances) -> bool:
        exchange = self._exchange(action, resource, circumstances)
        return (
            exchange is not None and caller.identity is not None and self._allows(exchange, caller.identity)
        )

    def _allows(self, exchange: Exchange, identity: Identity) -> bool:
        asked = input_of(exchange)._replace(identity=identity)
        return not self._evaluator.in_maintenance(asked) and allows(self._rules(), asked)

    def _paths(self, caller: Caller, action: Action, circumstances: Circumstances) -> Found:
        address, moment = circumstances
        method = self._mapping.method(action)
        if method not in self._methods:
            return Found(())
        rules = self._rules()
        now = self._evaluator.clock() if moment is None else moment
        host = self._evaluator.public_host.decode("ascii")
        person = DecisionInput(method, host, "", (), address, now, caller.identity)

        def results() -> Iterator[dict[str, Any]]:
            for each in open_paths(rules, person, _OWN):
                there = person._replace(path=each.path, segments=tuple(each.path.split("/")[1:]))
                if self._evaluator.in_maintenance(there):
                    continue
                about = {"rule": each.rule, "pattern": each.pattern, "below": each.below}
                if each.checked_again:
                    about["checked_again"] = True
                path = quote(each.path, safe="/:@!$&'()*+,=-._~")
                yield {"type": PATH, "id": path, "properties": about}

        return Found(list(results()), inexact_paths(rules))

    async def _paged(
        self, kind: str, request: AuthzenRequest, message: BaseModel, people: Any, find: Callable[[], Found]
    ) -> dict[str, Any]:
        """One page. What was found for the first page serves the next ones while `people` are the same."""
        request.program.require("search")
        page: Page = message.page  # type: ignore[attr-defined]
        rules = self._rules().hash
        about = question_hash(kind, request.program.name, rules, PageTokens.same(request.data))
        position = PagePosition(0, self._limit(page.limit))
        if page.token:
            position = self._tokens.open(page.token, about)
            if page.limit is not None and self._limit(page.limit) != position.limit:
                raise Unanswerable("page.limit: not the one that the first page was asked with")
        kept = self._kept.get(about) if page.token else None
        if kept is None or kept.people != people:
            kept = _Kept(people, await self._in_turn(find))
            if len(kept.found.results) < _MOST_KEPT:
                self._kept[about] = kept
        return self._page(kept.found, position, about)

    def _limit(self, limit: int | None) -> int:
        return self._page_size if limit is None else min(limit, self._page_size)

    def _page(self, found: Found, position: PagePosition, about: bytes) -> dict[str, Any]:
        end = position.start + position.limit
        results = list(found.results[position.start : end])
        more = end < len(found.results)
        page = {
            "next_token": self._tokens.seal(PagePosition(end, position.limit), about) if more else "",
            "count": len(results),
            "total": len(found.results),
        }
        context = {"exact": found.inexact is None}
        reason = {"reason_admin": {"200": found.inexact}} if found.inexact is not None else {}
        return {"page": page, "context": {**context, **reason}, "results": results}

    async def _in_turn(self, find: Callable[[], Found]) -> Found:
        if self._waiting > _MOST_WAITING:
            raise Overloaded("too many searches wait", retry_after=_RETRY_SECONDS)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, find)
        except TooMany as problem:
            raise Unanswerable(str(problem)) from problem
        finally:
            self._waiting -= 1
