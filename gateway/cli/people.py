"""Whom an operator means: by session, pseudonym, organisation, or the `sub` that ACM knows a person by."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import typer

from gateway.cli.chosen_environment import ChosenEnvironment
from gateway.cli.exit import NOT_DONE, WRONG, stop
from gateway.model import Identity
from gateway.observe.decision_record import person_names
from gateway.session.sessions import Sessions
from gateway.session.store import StoredSession
from gateway.session.summary import SessionSummary
from gateway.session.ticket import session_id

ID = typer.Option("--id", help="The id of one session, as in the decision records.")
SUBJECT = typer.Option(
    help="A person, by the pseudonym of the decision records (`person`), or its first characters."
)
ORGANISATION = typer.Option(
    help="An organisation: KBO number (0777000187, 0777.000.187, BE0777000187) or OVO code."
)
SUB = typer.Option("--sub", help="A person, by ACM's `sub`: asks for it, and does not show it.")

UNKNOWN: Final = ""
"""In place of the id of a key that is not known."""

_WHOLE: Final = 22
_PSEUDONYM: Final = re.compile(r"[A-Za-z0-9_-]{4,22}")
_SESSION: Final = re.compile(r"[0-9a-f]{16}")
# The use of a session is written down this late (seconds).
_LATE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Listed:
    """A session and what operators see of it."""

    stored: StoredSession
    summary: SessionSummary

    @property
    def id(self) -> str:
        """Its public id."""
        return session_id(self.stored.key)


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """Which sessions a command is about: all that is given must match. Nothing given: all sessions.

    `person` is a pseudonym or how it begins. `subject` is ACM's `sub`, and `names` its pseudonyms by key.
    """

    id: str | None = None
    person: str | None = None
    organisation: str | None = None
    subject: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        chosen: ChosenEnvironment,
        id_: str | None,
        person: str | None,
        organisation: str | None,
        *,
        sub: bool,
    ) -> SessionFilter:
        """As given on the command line. Ends the command for what is nobody."""
        if id_ is not None and not _SESSION.fullmatch(id_.strip().lower()):
            stop(f"{id_!r} is not the id of a session: it has 16 characters, 0-9 and a-f")
        if person is not None and not _PSEUDONYM.fullmatch(person.strip()):
            stop(
                "--subject takes the pseudonym of the decision records (`person`): 22 characters, or its first 4 or more."
                " For ACM's `sub` use --sub, which asks for it"
            )
        code = organisation_code(organisation) if organisation is not None else None
        subject = typer.prompt("sub", hide_input=True, err=True).strip() if sub else None
        if subject == "":
            stop("type the `sub` of a person")
        return cls(
            id_.strip().lower() if id_ is not None else None,
            person.strip() if person is not None else None,
            code,
            subject,
            names_of(chosen, subject) if subject is not None else {},
        )

    @property
    def given(self) -> int:
        """How many ways of finding are used."""
        return sum(each is not None for each in (self.id, self.person, self.organisation, self.subject))

    def matches(self, listed: Listed) -> bool:
        """Whether the session is of this person, as far as the store was not asked for it already."""
        return self.person is None or any(each.startswith(self.person) for each in listed.summary.persons)


async def matching(sessions: Sessions, wanted: SessionFilter, now: float) -> list[Listed]:
    """The sessions that last at this moment and match, oldest first. Raises StoreUnavailable."""
    found = [
        each
        for each in await sessions.find(subject=wanted.subject, organisation=wanted.organisation)
        if each.expires_at > now
        and each.seen_at + sessions.idle_timeout + _LATE > now
        and wanted.id in (None, session_id(each.key))
    ]
    summaries = await sessions.summaries.of([session_id(each.key) for each in found])
    listed = map(Listed, found, summaries)
    return [each for each in listed if wanted.matches(each)]


def one_person(wanted: SessionFilter, found: Sequence[Listed]) -> Mapping[str, str]:
    """The pseudonyms of the one person that is meant, by the id of the key that made each; empty where nobody matches.

    One that was given as a whole and that no session has stands under UNKNOWN. Ends the command where several people match.
    """
    if wanted.names:
        return wanted.names
    people: list[dict[str, str]] = []
    for each in found:
        # Sessions of one person have other pseudonyms beside a shared one, where they began before and after a new key.
        own = dict(zip(each.summary.keys, each.summary.persons, strict=True))
        same = [names for names in people if names.items() & own.items()]
        joined = {key: name for names in (own, *same) for key, name in names.items()}
        people = [*(names for names in people if names not in same), *([joined] if joined else [])]
    if len(people) > 1:
        names = "\n".join(f"  {name}" for name in sorted(next(iter(names.values())) for names in people))
        stop(f"{wanted.person!r} is how {len(people)} people begin; write more of it:\n{names}", NOT_DONE)
    if people:
        return people.pop()
    return {UNKNOWN: wanted.person} if wanted.person is not None and len(wanted.person) == _WHOLE else {}


def names_of(chosen: ChosenEnvironment, subject: str) -> Mapping[str, str]:
    """The pseudonyms of the person with this `sub`, by the id of each key that is read."""
    settings = chosen.settings
    identity = Identity(settings.provider.issuer, subject)
    try:
        return person_names(settings.ring("pseudonyms").read(), chosen.env)(identity)
    except ValueError as problem:
        stop(f"{problem}. NOTHING WAS CHANGED.", NOT_DONE)


def organisation_code(written: str) -> str:
    """The code as it is in claims: 0428.315.871 and BE0428315871 become 0428315871. Ends the command for any other."""
    code = re.sub(r"[\s./-]", "", written).upper()
    digits = code.removeprefix("BE")
    if digits.isdigit():
        number = digits.zfill(10)
        if not digits.isascii() or len(digits) not in (9, 10):
            stop(
                f"{written!r} has {len(digits)} digits, but a KBO number has 10: write 0428315871, or a code like"
                " OVO000001"
            )
        if number[0] not in "01" or 97 - int(number[:8]) % 97 != int(number[8:]):
            stop(f"{written!r} is no KBO number: its check digits are wrong. Is there a typing error in it?")
        return number
    if re.fullmatch(r"OVO\d{1,6}", code):
        return f"OVO{code[3:].zfill(6)}"
    if not re.fullmatch(r"[A-Z0-9]{1,64}", code):
        stop(f"{written!r} is not the code of an organisation: write 0428315871 or OVO000001", WRONG)
    return code
