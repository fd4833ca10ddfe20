"""Authentication methods that ACM doesn't have, and levels that it doesn't give them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from gateway.analysis.lint import Finding
from gateway.auth.levels import LEVELS
from gateway.config.load import Source
from gateway.config.positions import Place


def levels(source: Source, name: str) -> Iterator[Finding]:
    """The findings about `provider.levels` and `provider.acr_values` of one environment."""
    provider = source.config.environments[name].provider
    place: Place = ("environments", name, "provider")
    for acr, level in provider.levels.items():
        fault = _unknown(acr)
        if fault is not None:
            yield Finding(source.at((*place, "levels", acr)), "unknown-acr", fault)
        elif level != LEVELS.get(acr, level):
            words = f"ACM gives {acr} level {LEVELS[acr]}, not {level}: rules that ask for a level would judge it otherwise"
            yield Finding(source.at((*place, "levels", acr)), "other-level", words)
    if not provider.levels:
        words = "no authentication method has a level, so nobody fulfils a rule that asks for one: leave `levels` out for ACM's own"
        yield Finding(source.at((*place, "levels")), "other-level", words)
    for number, acr in enumerate(provider.acr_values):
        fault = _unknown(acr)
        if fault is not None and acr not in provider.levels:
            yield Finding(source.at((*place, "acr_values", number), at_key=False), "unknown-acr", fault)


def _unknown(acr: str) -> str | None:
    """Why ACM has no such method; None for one of ACM's, and for one that is like none of them."""
    if acr in LEVELS:
        return None
    short = {urn.rpartition(":")[2]: urn for urn in LEVELS}
    near = get_close_matches(acr.lower(), LEVELS, n=1, cutoff=0.85) or [
        short[each] for each in get_close_matches(acr.lower(), short, n=1, cutoff=0.7)
    ]
    if near:
        return f"ACM has no authentication method {acr!r}; did you mean {near[0]!r}?"
    return (
        None
        if ":" in acr
        else f"{acr!r} is no authentication method: ACM names them by URNs, such as {next(iter(LEVELS))!r}"
    )
