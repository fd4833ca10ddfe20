"""Whom a question is about: a session that lives, by the assertion that names it, or a subject that the caller describes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from gateway.analysis.subject_identity import LOGGED_IN, identity_of_subject
from gateway.authzen.callers import CallingProgram
from gateway.authzen.messages import Entity, Unanswerable
from gateway.authzen.settings import PERSON, PROGRAM, SESSION, SubjectSettings
from gateway.errors import LoginRequired, ReauthenticationRequired
from gateway.exchange import Caller
from gateway.identity.assertion_check import AssertionCheck, AssertionRefused
from gateway.identity.attributes import acm_rights
from gateway.model import Identity
from gateway.plugin import NamedRight
from gateway.session.live import LiveSessions
from gateway.session.recheck import Recheck

_DESCRIBED: Final[Mapping[str, SubjectSettings]] = {
    PERSON: SubjectSettings(),
    PROGRAM: SubjectSettings(kind="machine"),
}


class Subjects:
    """Finds the subject of a question, for one environment.

    `audiences` are those of the assertions about sessions, by upstream; `rights` gives the named rights in force.
    """

    def __init__(
        self,
        described: Mapping[str, SubjectSettings],
        *,
        check: AssertionCheck,
        sessions: LiveSessions,
        rechecks: Recheck,
        audiences: Mapping[str, str],
        issuer: str,
        rights: Callable[[], Mapping[str, NamedRight]],
    ) -> None:
        self._described = {**_DESCRIBED, **described}
        self._check = check
        self._sessions = sessions
        self._rechecks = rechecks
        self._audiences = audiences
        self._issuer = issuer
        self._rights = rights

    def kind(self, subject_type: str) -> SubjectSettings | None:
        """The settings of a type of subject that callers describe."""
        return self._described.get(subject_type)

    async def of(self, program: CallingProgram, subject: Entity) -> Caller:
        """The caller of the request that is asked about.

        Raises LoginRequired for a session that cannot be used, StoreUnavailable, and Unanswerable for a subject that
        this program may not name.
        """
        if subject.type == SESSION:
            return await self._session(program, subject.id)
        return Caller(program=self.described(program, subject))

    def described(self, program: CallingProgram, subject: Entity) -> Identity:
        """The identity of a subject that is described. Raises Unanswerable."""
        settings = self._described.get(subject.type)
        if settings is None:
            raise Unanswerable(f"subject.type: {subject.type!r} is not a type of subject here", 404)
        known = settings.known.get(subject.id)
        if not program.may("describe"):
            if known is None:
                words = f"subject: {program.name} may ask about sessions only (`may: [describe]` is not in its settings)"
                raise Unanswerable(words, 403)
            return self._identity(settings, subject.id, known)
        return self._identity(settings, subject.id, {**(known or {}), **subject.properties})

    def known(self, subject_type: str) -> Iterator[tuple[Entity, Identity]]:
        """The subjects of this type that the configuration names."""
        settings = self._described.get(subject_type)
        if settings is None:
            return
        for name, properties in settings.known.items():
            yield Entity(type=subject_type, id=name), self._identity(settings, name, properties)

    async def _session(self, program: CallingProgram, token: str) -> Caller:
        wanted = program.settings.upstreams or tuple(self._audiences)
        try:
            claims = self._check(token, {self._audiences[name] for name in wanted})
        except AssertionRefused as refused:
            raise LoginRequired(str(refused), reason=str(refused)) from refused
        name = claims.get("sid")
        if not isinstance(name, str):
            raise LoginRequired("assertion-program", reason="assertion-program")
        session = await self._sessions.of(name)
        if session is None or session.identity.subject != claims.get("sub"):
            raise LoginRequired("session-ended", reason="session-ended")
        if self._rechecks.overdue(session):
            raise ReauthenticationRequired("session-overdue", reason="session-overdue")
        return Caller(session=session)

    def _identity(self, settings: SubjectSettings, name: str, properties: Mapping[str, Any]) -> Identity:
        try:
            return identity_of_subject(
                name,
                properties,
                kind=settings.kind,
                claims=settings.claims,
                rights=self._rights(),
                issuer=self._issuer,
            )
        except ValueError as problem:
            raise Unanswerable(f"subject.properties: {problem}") from problem


def subject_of(identity: Identity, subject_type: str) -> dict[str, Any]:
    """One of those whom a search found, as a subject that can be asked about; its id stands for its properties."""
    organisation = identity.organisation.code if identity.organisation is not None else None
    values: dict[str, Any] = {
        "doelgroep": identity.doelgroep,
        "organisation": organisation,
        "rights": list(acm_rights(identity)),
        "acr": identity.acr,
        "bound": identity.bound,
        "scopes": list(identity.scopes),
        "audiences": list(identity.audiences),
        "claims": dict(identity.claims),
    }
    if identity.authenticated_at > 0:
        values[LOGGED_IN] = datetime.fromtimestamp(identity.authenticated_at, UTC).isoformat()
    shown = {name: value for name, value in values.items() if value}
    name = hashlib.sha256(json.dumps(shown, sort_keys=True, default=str).encode()).hexdigest()[:16]
    return {"type": subject_type, "id": f"like-{name}", "properties": shown}
