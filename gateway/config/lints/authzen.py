"""A decision point that strangers can listen to, or whose names lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from gateway.analysis.lint import Finding
from gateway.analysis.subject_identity import identity_of_subject
from gateway.authzen.settings import WHOLE, AuthzenSettings, ResourceSettings
from gateway.config.load import Source
from gateway.http_semantics import METHODS
from gateway.policy.evaluate import matching_rule
from gateway.policy.ruleset import RuleSet


def authzen(source: Source, name: str, hosts: tuple[str, ...]) -> Iterator[Finding]:
    """The findings about one environment's decision point."""
    settings = source.config.environments[name].authzen
    if settings is None:
        return
    if settings.tls is None and not _loopback(settings.listen):
        words = (
            f"the decision point listens on {settings.listen} without TLS: tokens and decisions pass there in the clear;"
            " set `tls`, or listen on 127.0.0.1 behind a proxy that terminates TLS"
        )
        at = source.at(("environments", name, "authzen", "listen"), at_key=False)
        yield Finding(at, "authzen-plain", words)
    yield from _subjects(source, name, settings)
    for resource, each in settings.resources.items():
        if not each.path.startswith(WHOLE) and not _covered(source.config.rules[name], settings, each, hosts):
            words = (
                f"no rule covers {each.path}, so that nobody may ever do anything to a {resource!r}: write the path as the"
                " register has it, or add the rule"
            )
            at = source.at(("environments", name, "authzen", "resources", resource))
            yield Finding(at, "authzen-no-rule", words)


def _subjects(source: Source, name: str, settings: AuthzenSettings) -> Iterator[Finding]:
    """Subjects that are kept here and cannot be read: nobody may do anything as one of them."""
    for kind, each in settings.subjects.items():
        for subject, properties in each.known.items():
            try:
                identity_of_subject(
                    subject,
                    properties,
                    kind=each.kind,
                    claims=each.claims,
                    rights=source.config.rights,
                    issuer="",
                )
            except ValueError as problem:
                at = source.at(("environments", name, "authzen", "subjects", kind, "known", subject))
                yield Finding(at, "authzen-subject", f"the subject {subject!r} cannot be read: {problem}")


def _loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _covered(
    rules: RuleSet, settings: AuthzenSettings, resource: ResourceSettings, hosts: tuple[str, ...]
) -> bool:
    """Whether some rule decides about such a resource, as one that is known or any other."""
    named = {each.method for several in settings.actions.values() for each in several}
    examples = [{"id": name, **values} for name, values in resource.known.items()] or [{"id": "x"}]
    for example in examples:
        values = dict.fromkeys(resource.variables, "x") | {
            name: str(value) for name, value in {**resource.defaults, **example}.items()
        }
        segments = tuple(resource.fill(values)[1:].split("/"))
        if any(
            matching_rule(rules, method, host, segments) is not None
            for method in named or METHODS
            for host in hosts
        ):
            return True
    return False
