""" "Mijn toegang": what a person may do here, what not and what helps, until when, and where else they are logged in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from babel.dates import format_timedelta

from gateway.model import NOTHING, Identity, Language, Missing, Right
from gateway.pages.catalogue import in_language, message
from gateway.pages.denial import WHAT_HELPS
from gateway.pages.names import organisation_name, person_name
from gateway.pages.render import Pages
from gateway.pages.spoken import spoken_time
from gateway.pages.wording import (
    Gettext,
    StepWords,
    Wording,
    sentence_case,
    unread_claims,
    unread_claims_data,
)
from gateway.plan import RuleAccess
from gateway.responses import Response

# Names of rights, by right and context.
Labels = Mapping[tuple[str, str | None], Mapping[str, str]]

PATH: Final = "/oauth2/access"
_NO_LABELS: Final[Labels] = {}
# The page stays short, however many rules there are.
_MOST_PARTS: Final = 100
_MOST_WAYS: Final = 20
_MOST_NAMED: Final = 8
_MOST_DETAILS: Final = 500
_WAYS_EACH: Final = 2
_NOTHING_HELPS: Final = message(
    "You cannot arrange this yourself. Call the number below if you think that you need it."
)
# By the kind of an obstacle that goes away by itself.
_PASSES: Final[Mapping[str, str]] = {
    "rate": message("Try again in a few minutes."),
    "time": message("You do not have to do anything now: come back within the opening hours."),
}


class Elsewhere(Protocol):
    """A session of the same person: `device` is a coarse name with a slash, or None; times in seconds since the epoch."""

    @property
    def id(self) -> str:
        """Its public id."""

    @property
    def device(self) -> str | None:
        """Browser and system."""

    @property
    def created_at(self) -> float:
        """When it began."""

    @property
    def seen_at(self) -> float:
        """When it was last used."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long the session lasts: until `expires_at` (seconds since the epoch), or `idle_timeout` seconds without use.

    `elsewhere` are the person's other sessions.
    """

    expires_at: float | None = None
    idle_timeout: float | None = None
    elsewhere: Sequence[Elsewhere] = ()


class MyAccess:
    """The page, and the same as data."""

    def __init__(self, pages: Pages, *, public_url: str) -> None:
        self._pages = pages
        self._public_url = public_url.rstrip("/")

    def page(
        self,
        language: Language,
        *,
        identity: Identity,
        reach: Sequence[RuleAccess],
        lasting: Lasting,
        labels: Labels = _NO_LABELS,
        details: bool = False,
        request_id: str | None = None,
    ) -> Response:
        """The page for people. `labels` names rights by (right, context); `details` adds rules and paths."""
        _ = self._pages.gettext(language)
        wording = Wording(language, _, identity=identity, back=PATH)
        organisation = identity.organisation
        parts = _parts(reach, language, _("Other pages"))
        ways = self._ways(wording, parts, _)
        return self._pages.page(
            "access.html",
            language,
            title=_("My access"),
            here=PATH,
            request_id=request_id,
            person=person_name(identity),
            organisation=organisation_name(organisation.code, organisation) if organisation else None,
            doelgroep=sentence_case(wording.doelgroep(identity.doelgroep)) if identity.doelgroep else None,
            until=_spoken(lasting.expires_at, language),
            idle=_length(lasting.idle_timeout, language),
            unread_claims=unread_claims(identity),
            rights=list(dict.fromkeys(_held(wording, right, labels) for right in identity.rights)),
            parts=[_part(name, entries, language) for name, entries in list(parts.items())[:_MOST_PARTS]],
            more_parts=max(0, len(parts) - _MOST_PARTS),
            ways=ways[:_MOST_WAYS],
            most_named=_MOST_NAMED,
            elsewhere=[self._elsewhere(each, language) for each in lasting.elsewhere],
            details=[_detail(each) for each in reach[:_MOST_DETAILS]] if details else None,
        )

    def data(
        self,
        language: Language,
        *,
        identity: Identity,
        reach: Sequence[RuleAccess],
        expires_at: float | None = None,
    ) -> Response:
        """The same for programs, as JSON."""
        wording = Wording(language, self._pages.gettext(language), identity=identity, back=PATH)
        organisation = identity.organisation
        body: dict[str, Any] = {
            "organisation": organisation.code if organisation else None,
            "doelgroep": identity.doelgroep,
            "rights": [
                {"right": right.name, "context": right.context, "organisation": right.organisation}
                for right in identity.rights
            ],
            "expires_at": expires_at,
            "unread_claims": unread_claims_data(identity),
        }
        # One by one: the encoder keeps the interpreter while it runs, and very many rules make a long text.
        rules = ", ".join(json.dumps(self._rule(each, wording)) for each in reach)
        text = f'{json.dumps(body)[:-1]}, "rules": [{rules}]}}'
        return Response(text.encode("ascii"), media_type="application/json")

    def _rule(self, access: RuleAccess, wording: Wording) -> dict[str, Any]:
        return {
            "rule": access.rule,
            "path": access.path,
            "methods": list(access.methods),
            "allowed": access.decision.allowed,
            "reason": access.decision.reason,
            "label": dict(access.label) or None,
            "until": access.until,
            "checked_again": access.checked_again,
            "plans": [
                [words.data(self._public_url) for words in plan] for plan in wording.plans(access.advice)
            ],
            "obstacles": [wording.data(missing) for missing in access.advice.obstacles],
        }

    def _elsewhere(self, session: Elsewhere, language: Language) -> dict[str, Any]:
        _ = self._pages.gettext(language)
        browser, slash, system = (session.device or "").partition("/")
        device = _("%(browser)s on %(system)s") % {"browser": browser, "system": system} if slash else browser
        return {
            "id": session.id,
            "device": device or _("A device that we do not recognise"),
            "since": _spoken(session.created_at, language),
            "seen": _spoken(session.seen_at, language),
        }

    def _ways(
        self, wording: Wording, parts: Mapping[str, Sequence[RuleAccess]], gettext: Gettext
    ) -> list[dict[str, Any]]:
        """Each way to more access once, with the parts that it opens: first the one that opens most."""
        found: dict[tuple[str, ...], tuple[Sequence[StepWords], dict[str, None]]] = {}
        for name, entries in parts.items():
            for each in entries:
                obstacles = tuple(self._obstacle(wording, one, gettext) for one in each.advice.obstacles)
                for steps in filter(None, wording.plans(each.advice)[:_WAYS_EACH] or (obstacles,)):
                    key = tuple(step.text for step in steps)
                    found.setdefault(key, (steps, {}))[1][name] = None
        ways = [{"steps": list(steps), "opens": list(names)} for steps, names in found.values()]
        return sorted(ways, key=lambda way: -len(way["opens"]))

    def _obstacle(self, wording: Wording, missing: Missing, gettext: Gettext) -> StepWords:
        """What no step changes, and what may help nevertheless, in the words of the denial."""
        # What was open until a day, or is from a moment on, says so itself.
        passes = None if missing.kind == "time" and missing.remedy == "none" else _PASSES.get(missing.kind)
        helps = passes or WHAT_HELPS.get(missing.kind) or _NOTHING_HELPS
        advice = gettext(helps) % {"phone": self._pages.support.phone}
        return StepWords(wording.what(missing), advice, missing=missing)


def _parts(reach: Iterable[RuleAccess], language: Language, unnamed: str) -> dict[str, list[RuleAccess]]:
    """What the rules are about, by label: those without one together, at the end."""
    found: dict[str, list[RuleAccess]] = {}
    for each in reach:
        found.setdefault(in_language(each.label, language) or unnamed, []).append(each)
    if unnamed in found:
        found[unnamed] = found.pop(unnamed)
    return found


def _part(name: str, entries: Sequence[RuleAccess], language: Language) -> dict[str, Any]:
    open_ones = [each for each in entries if each.decision.allowed]
    ends = [each.until for each in open_ones if each.until is not None]
    return {
        "name": name,
        "open": bool(open_ones),
        "partly": 0 < len(open_ones) < len(entries),
        "until": _spoken(min(ends), language) if ends else None,
        "checked_again": any(each.checked_again for each in open_ones),
    }


def _detail(entry: RuleAccess) -> dict[str, Any]:
    return {
        "rule": entry.rule,
        "address": " ".join((*entry.methods, entry.path)),
        "open": entry.decision.allowed,
        "reason": entry.decision.reason,
    }


def _spoken(moment: float | None, language: Language) -> str | None:
    return spoken_time(datetime.fromtimestamp(moment, UTC), language) if moment else None


def _length(seconds: float | None, language: Language) -> str | None:
    return format_timedelta(int(seconds), threshold=2.0, locale=language) if seconds else None


def _held(wording: Wording, right: Right, labels: Labels) -> str:
    return wording.what(
        Missing(
            kind="right",
            remedy="none",
            right=right.name,
            context=right.context,
            organisation=right.organisation,
            label=labels.get((right.name, right.context), NOTHING),
        )
    )
