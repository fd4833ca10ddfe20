"""The page of a denial: what helps most as its button, what the person has and lacks, and whom to ask with which words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol
from urllib.parse import quote

from gateway.model import NOTHING, Identity, Language, Missing, Right
from gateway.pages.catalogue import in_language, message
from gateway.pages.links import link_to, login_url, switch_url
from gateway.pages.names import organisation_name, person_name
from gateway.pages.render import Pages
from gateway.pages.request_text import AccessRequest, RequestedRight, RequestText, request_text
from gateway.pages.settings import IN_ADDRESS
from gateway.pages.spoken import spoken_day, spoken_time
from gateway.pages.wording import Wording, unread_claims
from gateway.plan import Advice, Grant, LogIn, Plan, Step, Switch, Wait, told_in_order
from gateway.reference import reference_of

_MOST_OTHERS: Final = 5
_MOST_HELD: Final = 5
_LONGEST_ADDRESS: Final = 300

_NETWORK: Final = message(
    "This page is only open on certain networks. You are connected from the address %(address)s."
)
_BINDING: Final = message(
    "This page is only open in a browser that ties your login to your device, so that nobody else can use it."
)
_NOTHING: Final = message(
    "This page is not open to you, and there is nothing that you can do about it yourself."
)
_NEEDED: Final = message(
    "Do you need this page all the same? Call %(phone)s and mention the reference below."
)
WHAT_HELPS: Final[Mapping[str, str]] = {
    "network": message(
        "Connect to the network of your organisation, at the office or with a VPN, and try again."
    ),
    "binding": message(
        "Open this page in a recent Google Chrome on a Windows computer, and log in there. Do you use one "
        "already? Then log out, and log in once more."
    ),
    "claim": message(
        "Is something in your profile not right? Call %(phone)s and mention the reference below."
    ),
}
"""By the kind of an obstacle: what may help all the same; %(phone)s stands for the number to call."""


class LabelSource(Protocol):
    """What people call rules and rights, by language; empty where there is no name."""

    def rule_label(self, rule: str) -> Mapping[str, str]:
        """The label of the rule with this id."""

    def right_label(self, right: str, context: str | None) -> Mapping[str, str]:
        """The label of a right in a context."""


class NoLabels:
    """No rule and no right has a name."""

    def rule_label(self, rule: str) -> Mapping[str, str]:
        """Nothing."""
        return NOTHING

    def right_label(self, right: str, context: str | None) -> Mapping[str, str]:
        """Nothing."""
        return NOTHING


@dataclass(frozen=True, slots=True)
class Denied:
    """Whom a rule kept from a page, and what helps.

    `path` is the page as people may read it, `back` where a detour leads back to, `client` the reader's address.
    """

    rule: str | None
    advice: Advice
    identity: Identity | None
    language: Language
    path: str
    back: str
    client: str
    request_id: str


class DenialPage:
    """Fills the page of a denial. `names` gives the names of the rules in force, `clock` seconds since the epoch."""

    def __init__(
        self,
        pages: Pages,
        *,
        public_url: str,
        names: Callable[[], LabelSource],
        clock: Callable[[], float],
    ) -> None:
        self._pages = pages
        self._public_url = public_url
        self._names = names
        self._clock = clock

    def values(self, denied: Denied) -> dict[str, Any]:
        """What the template `denied.html` shows."""
        return _Filled(self._pages, self._names(), self._public_url, self._clock(), denied).values()


class _Filled:
    """One page, for one reader."""

    def __init__(self, pages: Pages, names: LabelSource, public_url: str, now: float, denied: Denied) -> None:
        self._pages, self._names, self._public_url, self._now = pages, names, public_url, now
        self._denied = denied
        self._ = pages.gettext(denied.language)
        self._words = Wording(denied.language, self._, identity=denied.identity, back=denied.back)
        ranked = sorted(denied.advice.plans, key=_rank)
        self._best: Plan = ranked[0] if ranked else ()
        self._others = ranked[1 : _MOST_OTHERS + 1]
        # Which rights the reader has elsewhere shows after the switch.
        asks = any(isinstance(step, Switch) and not step.known for step in self._best)
        self._best = told_in_order(self._best)
        self._grants = list(_grants((self._best,)))
        self._lacking = [] if asks else self._grants

    def values(self) -> dict[str, Any]:
        identity = self._denied.identity
        organisation = identity.organisation if identity is not None else None
        label = self._label()
        held = self._held()
        request = self._request(label, held)
        return {
            "title": self._title(label),
            "person": person_name(identity) if identity is not None else None,
            "organisation": organisation_name(organisation.code, organisation) if organisation else None,
            "unread_claims": unread_claims(identity),
            "lead": self._lead(),
            "button": self._button(request),
            "steps": [self._words.step(step) for step in self._best] if len(self._best) > 1 else [],
            "lacking": [self._words.step(step).text for step in self._lacking],
            "held": held,
            "request": request,
            "others": [[self._words.step(step) for step in plan] for plan in self._others],
            "grantable": any(_grants(self._denied.advice.plans)),
            "switch_url": switch_url(self._denied.back),
            "login_url": login_url(self._denied.back),
        }

    def _label(self) -> str | None:
        rule = self._denied.rule
        return in_language(self._names.rule_label(rule), self._denied.language) if rule else None

    def _title(self, label: str | None) -> str:
        _ = self._
        if self._best and isinstance(self._best[0], Wait):
            return (
                _("'%(page)s' is closed right now") % {"page": label}
                if label
                else _("This page is closed right now")
            )
        if label:
            return _("You do not have access to '%(page)s'") % {"page": label}
        return _("You do not have access to this page")

    def _lead(self) -> list[str]:
        _ = self._
        if not self._best:
            return self._obstacles()
        if self._grants and not self._lacking:
            return [_("You may have access on behalf of another organisation. Switch first.")]
        if self._grants:
            grantor = in_language(self._grants[0].missing.granted_by, self._denied.language) or _(
                "the local administrator (lokale beheerder) of your organisation"
            )
            lacking = (
                message("You lack a user right. Ask %(grantor)s for it.")
                if len(self._grants) == 1
                else message("You lack user rights. Ask %(grantor)s for them.")
            )
            return [_(lacking) % {"grantor": grantor}]
        if len(self._best) > 1:
            return [_("You get access in these steps:")]
        return [self._lead_of(self._best[0])]

    def _lead_of(self, step: Step) -> str:
        """What the one step of a plan means, beside its button."""
        _ = self._
        match step:
            case Switch(organisation=str(code), known=True):
                known = _("You do have access on behalf of %(organisation)s. You come back to this page.")
                return known % {"organisation": self._organisation(code)}
            case LogIn(acr_values=()):
                return _("For this page you must log in again. You come back to this page.")
            case LogIn():
                why = _("You logged in with a means that is not strong enough for this page.")
                return f"{why} {self._words.step(step).advice}"
            case Wait():
                return self._words.lead(step, alone=True)
            case _:
                return f"{self._words.lead(step, alone=True)} {self._words.step(step).advice}"

    def _obstacles(self) -> list[str]:
        _ = self._
        said: dict[str, None] = {}
        for missing in self._denied.advice.obstacles:
            said[self._obstacle(missing)] = None
            if missing.kind in WHAT_HELPS:
                said[self._pages.phone(_(WHAT_HELPS[missing.kind]))] = None
        helped = any(
            each.kind in WHAT_HELPS or each.remedy == "wait" for each in self._denied.advice.obstacles
        )
        last = [] if helped else [self._pages.phone(_(_NEEDED))]
        return [*(said or [_(_NOTHING)]), *last]

    def _obstacle(self, missing: Missing) -> str:
        if missing.kind == "network" and not missing.label:
            return self._(_NETWORK) % {"address": self._denied.client}
        if missing.kind == "binding" and not missing.label:
            return self._(_BINDING)
        return self._words.sentence(missing)

    def _button(self, request: RequestText | None) -> tuple[str, str]:
        """The words of the big button, and where it leads."""
        _ = self._
        first = self._best[0] if self._best else None
        if isinstance(first, Grant):
            return _("Ask for access"), request.mailto or "#request" if request else "#request"
        words = self._words.step(first) if first is not None else None
        if words is None or words.link is None:
            return _("Try again"), link_to(self._denied.back, self._public_url)
        match first:
            case Switch(organisation=str(code), known=True):
                return _("Switch to %(organisation)s") % {
                    "organisation": self._organisation(code)
                }, words.link
            case LogIn(acr_values=()):
                return _("Log in again"), words.link
            case _:
                return str(words.link_text), words.link

    def _held(self) -> list[str]:
        """The rights of the reader that resemble a lacking one: so that nobody hears "you have it already". Where
        they are many, the same right elsewhere is among those that are shown.
        """
        identity = self._denied.identity
        if identity is None:
            return []
        near: dict[Right, bool] = {}
        for grant in _grants(self._denied.advice.plans):
            for right in identity.rights:
                if _resembles(right, grant):
                    near[right] = near.get(right, False) or right.context == grant.context
        nearest = sorted(near, key=near.__getitem__, reverse=True)[:_MOST_HELD]
        return [self._right(right) for right in near if right in nearest]

    def _right(self, right: Right) -> str:
        label = self._names.right_label(right.name, right.context)
        return self._words.what(
            Missing("right", "none", right.name, right.context, right.organisation, label=label)
        )

    def _request(self, label: str | None, held: Sequence[str]) -> RequestText | None:
        denied, identity = self._denied, self._denied.identity
        if identity is None or not self._grants:
            return None
        now = datetime.fromtimestamp(self._now, UTC)
        emails = {step.missing.contact.get("email") for step in self._grants}
        asked = AccessRequest(
            person=person_name(identity),
            wanted=[self._wanted(grant) for grant in self._grants],
            held=held,
            page=label,
            address=self._public_url + quote(denied.path[:_LONGEST_ADDRESS], safe="/:@!$&'()*+,;=-._~"),
            service=self._pages.service(denied.language),
            day=spoken_day(now, denied.language),
            moment=spoken_time(now, denied.language),
            reference=reference_of(denied.request_id),
        )
        return request_text(self._, asked, email=emails.pop() if len(emails) == 1 else None)

    def _wanted(self, grant: Grant) -> RequestedRight:
        label = in_language(grant.missing.label, self._denied.language)
        codes = ", ".join(code for code in (grant.right, grant.context) if code)
        code = grant.organisation
        organisation = self._organisation(code) if code else None
        return RequestedRight(label or grant.right, codes, organisation, self._address(grant))

    def _address(self, grant: Grant) -> str | None:
        """Where an administrator gives this right to the reader; None where that is not known."""
        address, identity = self._pages.users_url, self._denied.identity
        assert identity is not None
        if address is None:
            return None
        values = (
            identity.subject,
            identity.name or identity.subject,
            grant.organisation,
            grant.right,
            grant.context,
        )
        for name, value in zip(IN_ADDRESS, values, strict=True):
            address = address.replace(f"{{{name}}}", quote(value or "", safe=""))
        return address

    def _organisation(self, code: str) -> str:
        identity = self._denied.identity
        return organisation_name(code, identity.organisation if identity is not None else None)


def _grants(plans: Iterable[Plan]) -> Iterable[Grant]:
    return (step for plan in plans for step in plan if isinstance(step, Grant))


def _rank(plan: Plan) -> tuple[int, int]:
    """What a person can do alone and surely comes first, then what an administrator can, then questions."""
    if any(isinstance(step, Switch) and not step.known for step in plan):
        kind = 3
    elif any(isinstance(step, Grant) for step in plan):
        kind = 2
    else:
        kind = 1 if any(isinstance(step, Wait) for step in plan) else 0
    return kind, len(plan)


def _resembles(right: Right, grant: Grant) -> bool:
    same_right, same_context = right.name == grant.right, right.context == grant.context
    same_organisation = grant.organisation is None or right.organisation == grant.organisation
    return same_right and (same_context != same_organisation)
