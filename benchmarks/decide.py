"""How long one decision takes: `python -m benchmarks.decide`. Ten rules: under 15 us; ten thousand: at most twice that."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.rules import rule_file
from gateway.config import load
from gateway.model import DecisionInput, Identity, Organisation, Right
from gateway.policy.evaluate import decide
from gateway.policy.ruleset import RuleSet

_SOMEBODY = Identity(
    issuer="https://acm.example.be/op",
    subject="somebody",
    organisation=Organisation("0428315871"),
    doelgroep="EA",
    rights=tuple(
        Right("OVAMGebruiker", context, "0428315871")
        for context in (*(f"Context{n}" for n in range(8)), "NonConformiteitenIndiener")
    ),
)


def requests(count: int) -> list[DecisionInput]:
    """Requests that meet first, middle and last rules, own organisations and none at all."""
    found = []
    for number in range(0, count - 1, max(1, count // 100)):
        area, thing = divmod(number, 10)
        path = (
            f"/dienst{area}/onderdeel{thing}/lijst/1",
            f"/organisaties/0428315871/dienst{area}/onderdeel{thing}/lijst/1",
            f"/dienst{area}/12345/onderdeel{thing}",
        )[number % 3]
        found.append(_given(path))
    return [*found, _given("/elders")]


def _given(path: str) -> DecisionInput:
    segments = tuple(path[1:].split("/"))
    return DecisionInput(
        "GET", "register.example.be", path, segments, "192.0.2.1", 1_795_000_000.0, _SOMEBODY
    )


def microseconds(rules: RuleSet, asked: list[DecisionInput], rounds: int = 30, repeat: int = 40) -> float:
    """The median over rounds of the mean time of one decision."""
    times = []
    for _ in range(rounds):
        start = time.process_time_ns()
        for _ in range(repeat):
            for given in asked:
                decide(rules, given)
        times.append((time.process_time_ns() - start) / (repeat * len(asked)) / 1000)
    return statistics.median(times)


def main() -> None:
    """Print the time of a decision with 10, 100, 1,000 and 10,000 rules."""
    with tempfile.TemporaryDirectory() as folder:
        for count in (10, 100, 1_000, 10_000):
            rules = load(rule_file(Path(folder), count)).rules["ti"]
            asked = requests(count)
            repeat = max(1, 4_000 // len(asked))
            print(f"{count:6d} rules: {microseconds(rules, asked, repeat=repeat):6.2f} us a decision")


if __name__ == "__main__":
    main()
