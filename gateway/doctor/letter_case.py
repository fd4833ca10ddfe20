"""Checks whether the register tells capitals from small letters in paths, as the rules do: else /ADMIN bypasses them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import Final
from urllib.parse import quote, urlsplit

import httpx2

from gateway.config import EnvironmentSettings
from gateway.doctor.check_result import CheckResult
from gateway.errors import BadRequest
from gateway.policy.pattern import Literal
from gateway.policy.ruleset import Rule, RuleSet
from gateway.upstream.address import Address
from gateway.upstream.dial import tls_context
from gateway.upstream.path_prefix import PathPrefix
from gateway.upstream.settings import UpstreamSettings

_PATIENCE: Final = 5.0
_MOST_PATHS: Final = 5
_NOWHERE: Final = "toegangspoort-doctor-asks"
_NOT_FOUND: Final = 404
# Pages have tokens and times in them, so that two answers are rarely equal.
_SLACK_BYTES: Final = 64
_SLACK_SHARE: Final = 20


async def letter_case(settings: EnvironmentSettings, rules: RuleSet) -> CheckResult:
    """One finding. Asks each upstream for a few paths of rules, in their own letters and in others, by GET."""
    if rules.folds:
        return CheckResult("case", "ok", "rules take capitals and small letters in paths for the same")
    told = False
    for name, upstream in settings.every_upstream.items():
        for path in islice(_paths(rules, name), _MOST_PATHS):
            try:
                apart = await _tells_apart(settings, upstream, path)
            except (httpx2.HTTPError, OSError, ValueError, BadRequest):
                continue
            if apart is False:
                says = f"{upstream.name} answers {path} and {_other_letters(path)} alike, and the rules tell them apart"
                do = (
                    "set `paths: {case: insensitive}` of this environment, or have the register refuse other letters: what a"
                    " rule closes may be open in other letters"
                )
                return CheckResult("case", "warning", says, do)
            told = told or apart is True
    if told:
        return CheckResult(
            "case", "ok", "the register tells capitals from small letters in paths, as the rules do"
        )
    return CheckResult(
        "case", "skipped", "no path of a rule shows whether the register tells capitals from small letters"
    )


def _paths(rules: RuleSet, upstream: str) -> Iterator[str]:
    """Paths of rules that a GET may ask, without variables, shortest first: nothing is made up."""
    found = {
        "/" + "/".join(part.text for part in rule.pattern.parts if isinstance(part, Literal))
        for rule in rules.rules
        if rule.handling.upstream == upstream and _can_be_asked(rule)
    }
    return iter(
        sorted((path for path in found if _other_letters(path) != path), key=lambda path: (len(path), path))
    )


def _can_be_asked(rule: Rule) -> bool:
    return (
        rule.handling.redirect is None
        and rule.pattern.expression is None
        and (rule.methods is None or "GET" in rule.methods)
        and all(isinstance(part, Literal) for part in rule.pattern.parts)
    )


async def _tells_apart(settings: EnvironmentSettings, upstream: UpstreamSettings, path: str) -> bool | None:
    """Whether the register answers this path otherwise in other letters; None where that cannot be said."""
    address = upstream.addresses[0]
    host = upstream.host or (
        urlsplit(settings.public_url).netloc if upstream.pass_host else address.authority.decode()
    )
    prefix = PathPrefix(strip=upstream.strip_prefix, add=upstream.add_prefix)
    base = "http://localhost" if address.socket is not None else address.url
    async with await asyncio.to_thread(_client, upstream, address) as client:
        answers = []
        lead = upstream.strip_prefix if path.startswith(upstream.strip_prefix) else ""
        other_letters = lead + _other_letters(path.removeprefix(lead))
        for each in (path, other_letters, f"{path.rstrip('/')}-{_NOWHERE}"):
            inside = prefix.inside(quote(each, safe="/!$&'()*+,;=:@~").encode()).decode()
            answers.append(
                await client.get(f"{base}{inside}", headers={"Host": host}, follow_redirects=False)
            )
    own, other, nowhere = answers
    if own.status_code == _NOT_FOUND or own.status_code >= 500 or _alike(own, nowhere):
        return None
    return not _alike(own, other)


def _client(upstream: UpstreamSettings, address: Address) -> httpx2.AsyncClient:
    """Opened in a thread: certificates are read."""
    context = tls_context(upstream.tls) if address.secure else False
    transport = httpx2.AsyncHTTPTransport(uds=address.socket, verify=context)
    return httpx2.AsyncClient(transport=transport, timeout=_PATIENCE, trust_env=False)


def _alike(one: httpx2.Response, other: httpx2.Response) -> bool:
    sizes = sorted((len(one.content), len(other.content)))
    return (
        one.status_code == other.status_code
        and one.headers.get("content-type") == other.headers.get("content-type")
        and one.headers.get("location", "").lower() == other.headers.get("location", "").lower()
        and sizes[1] - sizes[0] <= max(_SLACK_BYTES, sizes[1] // _SLACK_SHARE)
    )


def _other_letters(path: str) -> str:
    return path.swapcase() if path.isascii() else path
