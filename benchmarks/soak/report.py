"""The table of a soak."""

from __future__ import annotations

from benchmarks.soak.ledger import Ledger
from benchmarks.soak.measure import Sample

_HEAD = "| moment | descriptors | tasks | memory, MB | client connections | to the register | in flight | entries in tables |"


def table(before: Sample, during: list[Sample], after: Sample) -> str:
    """Markdown, one row for each moment."""
    lines = [_HEAD, "|---|---|---|---|---|---|---|---|"]
    named = [
        ("before", before),
        *((f"minute {each.minute:g}", each) for each in during),
        ("after, quiet", after),
    ]
    for name, each in named:
        lines.append(
            f"| {name} | {each.descriptors} | {each.tasks} | {each.rss:.0f} | {each.clients} | {each.upstream} "
            f"| {each.in_flight} | {each.entries} |"
        )
    return "\n".join(lines)


def counts(ledger: Ledger, tried: dict[str, int]) -> str:
    """Markdown: what well-behaved clients did and lost, and how many attacks there were."""
    lines = ["| what | done | lost | slowest, s |", "|---|---|---|---|"]
    for kind in sorted({*ledger.done, *ledger.lost}):
        lines.append(f"| {kind} | {ledger.done[kind]:,} | {ledger.lost[kind]} | {ledger.slowest[kind]:.1f} |")
    lines += ["", "| attack | connections |", "|---|---|"]
    lines += [f"| {kind} | {count:,} |" for kind, count in sorted(tried.items())]
    return "\n".join(lines)
