"""Finds the path variables that policies use in their options, and the values of them that matter."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from gateway.model import Identity
from gateway.plugin import Template
from gateway.policy.pattern import Variable
from gateway.policy.ruleset import Rule, templates


def compared_positions(rules: Sequence[Rule]) -> frozenset[int]:
    """The positions in paths (0 is the first segment) whose variable some policy uses."""
    positions: set[int] = set()
    for rule in rules:
        if not rule.pattern.variables:
            continue
        used = {
            name for policy in rule.require for template in templates(policy) for _, name in template.parts
        }
        positions.update(
            position
            for position, part in enumerate(rule.pattern.parts)
            if isinstance(part, Variable) and part.name in used
        )
    return frozenset(positions)


def template_values(rules: Sequence[Rule], texts: Collection[str]) -> frozenset[str]:
    """The values of variables for which some template of the rules renders to one of these texts."""
    found: set[str] = set()
    for template in {each for rule in rules for policy in rule.require for each in templates(policy)}:
        for text in texts:
            found.update(_values(template, text))
    return frozenset(value for value in found if value and "/" not in value)


def identity_texts(identity: Identity | None) -> frozenset[str]:
    """The texts of an identity that a policy could compare with a part of the path."""
    if identity is None:
        return frozenset()
    organisation = identity.organisation.code if identity.organisation is not None else None
    values = [identity.subject, organisation, identity.doelgroep, identity.acr, *identity.scopes]
    values += [value for value in identity.claims.values() if isinstance(value, str)]
    values += [right.organisation for right in identity.rights]
    return frozenset(value for value in values if value)


def _values(template: Template, text: str) -> Iterator[str]:
    names = [number for number, (_, name) in enumerate(template.parts) if name is not None]
    if len(names) != 1:
        yield text
        return
    before = "".join(words for words, _ in template.parts[: names[0] + 1])
    after = "".join(words for words, _ in template.parts[names[0] + 1 :])
    if text.startswith(before) and text.endswith(after) and len(text) > len(before) + len(after):
        yield text[len(before) : len(text) - len(after)]
