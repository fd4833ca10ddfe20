"""How long comparing two sets of 200 rules takes: `python -m benchmarks.diff [RULES]`."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import Any

from gateway.analysis.diff import Side, compare
from gateway.plugin import LoadContext, NamedRight
from gateway.plugin.decode import Decoder
from gateway.plugin.discovery import load_policies
from gateway.policy.pattern import parse_pattern
from gateway.policy.ruleset import Rule, RuleSet, compile_rules

ROOT = Path(__file__).parent.parent
_RIGHTS = {f"r{number}": NamedRight(f"r{number}", "App", f"Context{number}") for number in range(20)}
_POLICIES = load_policies()


def _fault(place: object, fault: object) -> None:
    raise ValueError(f"{place}: {fault}")


def _rule(number: int, chance: random.Random) -> Rule:
    words = [
        chance.choice(["{kbo}", f"part{number % 40}", f"part{chance.randrange(40)}"])
        for _ in range(chance.randrange(1, 4))
    ]
    words = [word if words.index(word) == place else f"other{place}" for place, word in enumerate(words)]
    pattern = parse_pattern("/" + "/".join(words) + chance.choice(["", "/**", "/**"]))
    require: list[Any] = [
        {"any": [{"right": {"right": f"r{chance.randrange(20)}"}}, {"all": [{"organisation": {"doelgroep": ["GID"]}}, {"right": {"right": f"r{chance.randrange(20)}"}}]}]}
    ]  # fmt: skip
    if pattern.variables:
        require.append({"organisation": {"equals": "{kbo}"}})
    elif chance.random() < 0.3:
        require.append({"organisation": {"any_of": [f"{chance.randrange(10**9):010d}" for _ in range(2)]}})
    decoder = Decoder(
        _POLICIES, LoadContext(rights=_RIGHTS, variables=pattern.variables, rule="", levels={}), _fault
    )
    policies = tuple(
        policy for place, node in enumerate(require) if (policy := decoder.policy(node, (place,)))
    )
    methods = chance.choice([None, None, frozenset(("GET", "HEAD")), frozenset(("POST",))])
    return Rule(f"rule-{number}", pattern, methods, None, policies)


def _sets(count: int) -> tuple[RuleSet, RuleSet]:
    old = [_rule(number, random.Random(number)) for number in range(count)]
    new = [
        rule if number % 2 else _rule(number, random.Random(count + number))
        for number, rule in enumerate(old)
    ]
    return compile_rules(old, _RIGHTS), compile_rules(new, _RIGHTS)


def main() -> None:
    """Compare two sets of which half of the rules differ."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    old, new = _sets(count)
    begun = time.perf_counter()
    changes = compare(Side(old, "a.test"), Side(new, "a.test"))
    print(f"{count} x {count} rules: {len(changes)} changes in {time.perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    main()
