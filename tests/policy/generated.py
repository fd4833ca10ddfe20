"""Generated rules with all shipped policies, and requests of generated people that they refuse."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from gateway.model import Decision, DecisionInput, Doubt, Identity, Organisation, Right
from gateway.policy.evaluate import decide, questions
from gateway.policy.ruleset import Rule, RuleSet
from tests.policy.conftest import LEVELS, given, rule_set

# Two KBO numbers and an OVO code.
CODES = ("0456789034", "0777000187", "OVO001234")
DOELGROEPEN = ("GID", "EA", "LB")
RIGHTS = {
    "indiener": ("OVAMGebruiker", "Indiener"),
    "lezer": ("OVAMGebruiker", "Lezer"),
    "controleur": ("OVAMGebruiker", None),
}
MEANS = tuple(LEVELS)
INSIDE, OUTSIDE = "10.1.2.3", "203.0.113.9"
# Friday 27 November 2026 at noon, in Brussels, and hours of that week, the next month, a period that is over.
NOON = 1_795_777_200.0
SCHEDULES: tuple[dict[str, Any], ...] = (
    {"hours": {"mon-fri": "08:00-18:00"}},
    {"hours": {"mon-thu": "08:00-11:00"}},
    {"hours": {"sat": "02:00-03:00"}},
    {"hours": {"fri": ["13:00-14:00", "15:00-16:00"], "sat-sun": "00:00-24:00"}},
    {"from": "2026-12-24"},
    {"from": "2026-12-24", "until": "2027-01-03", "hours": {"mon-fri": "09:00-10:00"}},
    {"until": "2026-11-28"},
    {"until": "2026-10-31"},
    {"closed": ["2026-11-27"]},
    {"hours": {"mon-sun": "09:00-11:00"}, "zone": "America/New_York"},
)


@dataclass(frozen=True)
class Refused:
    """A request that these rules refuse, by this decision of this rule; `failed` are the facts that got no answer."""

    rules: RuleSet
    rule: Rule
    asked: DecisionInput
    decision: Decision
    failed: frozenset[str]


def refused(seed: int) -> Refused | None:
    """The request of this seed; None where it is not refused."""
    random = Random(seed)
    rules, asked = made(random)
    wanted = questions(rules, asked)
    answered = {each.name: _answer(random, each.name) for each in wanted if random.random() < 0.9}
    asked = asked._replace(facts=answered)
    decision = decide(rules, asked)
    rule = next((each for each in rules.rules if each.id == decision.rule), None)
    if decision.allowed or rule is None:
        return None
    return Refused(rules, rule, asked, decision, frozenset(each.name for each in wanted) - set(answered))


def made(random: Random) -> tuple[RuleSet, DecisionInput]:
    """Rules, and a request that they may allow."""
    rules = rule_set(*_rules(random))
    return rules, _request(random)


def _rules(random: Random) -> list[tuple[str, str, list[Any]]]:
    paths = random.sample(["/o/{kbo}", "/o/{kbo}/**", "/**"], random.randint(1, 2))
    return [
        (f"r{number}", path, [_policy(random, path, 3) for _ in range(random.randint(1, 3))])
        for number, path in enumerate(paths)
    ]


def _policy(random: Random, path: str, depth: int) -> Any:
    kind = random.random()
    if depth and kind < 0.35:
        inner = [_policy(random, path, depth - 1) for _ in range(random.randint(1, 3))]
        return {random.choice(["any", "all"]): inner}
    if depth and kind < 0.45:
        return {"not": _policy(random, path, depth - 1)}
    return _leaf(random, path)


def _leaf(random: Random, path: str) -> Any:
    several = random.sample(CODES, random.randint(1, 2))
    groups = random.sample(DOELGROEPEN, random.randint(1, 2))
    organisation: list[dict[str, Any]] = [
        {"any_of": several},
        {"doelgroep": groups},
        {"any_of": several, "doelgroep": groups},
    ]
    if "{kbo}" in path:
        organisation += [{"equals": "{kbo}"}, {"equals": "{kbo}"}, {"equals": "{kbo}", "doelgroep": groups}]
    means = random.choice([{"any_of": random.sample(MEANS, random.randint(1, 2))}, {"level": 30}])
    claim = random.choice([{"equals": "v"}, {"any_of": ["v", "w"]}, {"contains": "v"}, {"exists": True}])
    rate = {"limit": 1, "window": "60s", "per": random.choice(["subject", "organisation", "client"])}
    common = [
        {"right": {"right": random.choice(list(RIGHTS))}},
        {"organisation": random.choice(organisation)},
    ]
    others = [
        {"assurance": means},
        {"schedule": random.choice(SCHEDULES)},
        {"claim": {"name": "c", **claim}},
        {"network": ["10.0.0.0/8"]},
        {"rate": rate},
        {"remote": {"url": "https://engine.test/v1"}},
        {"machine": {"scopes": ["s"]}},
        "authenticated",
        "anyone",
    ]
    return random.choice(common) if random.random() < 0.5 else random.choice(others)


def _request(random: Random) -> DecisionInput:
    path = random.choice(["/o/0456789034", "/o/0777000187", "/o/OVO001234", "/o/0456789034/x", "/x"])
    asked = given(
        path,
        identity=_person(random) if random.random() < 0.85 else None,
        client=random.choice([INSIDE, OUTSIDE]),
        now=NOON + random.choice([0.0, -86_400.0, 4 * 3_600.0]),
        websocket=random.random() < 0.03,
    )
    if random.random() < 0.05:
        asked = asked._replace(doubt=Doubt((("o", "0777000187"),)))
    return asked


def _person(random: Random) -> Identity:
    rights = [(name, context, code) for name, context in RIGHTS.values() for code in CODES]
    code = random.choice([*CODES, *CODES, "0428315871", None])
    return Identity(
        issuer="https://acm.test/op",
        subject="somebody",
        organisation=Organisation(code) if code is not None else None,
        doelgroep=random.choice([*DOELGROEPEN, None]),
        rights=tuple(Right(*each) for each in random.sample(rights, random.choice([0, 0, 1, 2, 4]))),
        acr=random.choice([*MEANS, None]),
        authenticated_at=NOON - 600.0,
        claims=random.choice([{}, {"c": "v"}, {"c": "x"}, {"c": ["v"]}]),
    )


def _answer(random: Random, name: str) -> Any:
    if name.startswith("rate:"):
        return random.choice([{"within": True}, {"within": False, "again": NOON + 30.5 + 90_000.0}])
    return random.choice([{"allow": True, "reason": None}, {"allow": False, "reason": "not today"}])
