"""Headers that the gateway would send twice: once to say who asks, once with a fixed value for the register."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.config.positions import Place, Positions
from gateway.config.problems import Problem
from gateway.handling import DEFAULT_UPSTREAM
from gateway.identity.header_names import fold_header_name

if TYPE_CHECKING:
    from gateway.config.model import Document, EnvironmentSettings


def header_problems(document: Document, positions: Positions) -> Iterator[Problem]:
    """Every fixed header that is an identity header, or the assertion's, in any spelling."""
    for name, settings in document.environments.items():
        ours = {
            fold_header_name(each.encode()): each
            for each in (*document.identity.headers, settings.assertion.header)
        }
        for place, header in fixed_headers(name, settings):
            other = ours.get(fold_header_name(header.encode()))
            if other is not None:
                words = f"{header} is {other}, which says who asks: give this header another name"
                yield positions.problem(place, words, at_key=True)


def fixed_headers(environment: str, settings: EnvironmentSettings) -> Iterator[tuple[Place, str]]:
    """The place and the name of every fixed header that an upstream of this environment gets."""
    for upstream, each in settings.every_upstream.items():
        section = ("upstream",) if upstream == DEFAULT_UPSTREAM else ("upstreams", upstream)
        for header in each.headers:
            yield ("environments", environment, *section, "headers", header), header
