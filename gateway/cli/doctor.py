"""`gateway doctor`: can people log in and reach the register, and if not, what should be done?"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import structlog
import typer

from gateway.auth.provider import Provider
from gateway.cli.loading import load_or_exit
from gateway.cli.options import CONFIG, ENV, JSON
from gateway.config import Config
from gateway.doctor.check_result import CheckResult
from gateway.doctor.environment import environment_findings
from gateway.doctor.fact_sources import fact_sources
from gateway.doctor.letter_case import letter_case
from gateway.doctor.neighbours import neighbours
from gateway.doctor.provider import ProviderCheckup
from gateway.doctor.transmitters import transmitters

_SHOWN = {"ok": "ok", "warning": "warning", "failed": "FAILED", "skipped": "skipped"}


def doctor(
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
    env: Annotated[str, ENV] = "ti",
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Check from outside what logins and requests need: the provider and how this client is registered there, the
    clocks, the store, the register, decision points of rules, transmitters of security events, certificates and files. Changes nothing.

    Examples:
        gateway doctor --env prd
        gateway doctor --env ti --config new.yaml --json

    Exit codes:
        0: nothing failed
        1: a check failed, or the configuration does not load

    JSON:
        A list of findings: `check`, `status` (ok, warning, failed or skipped), `says`, `do`, `cause`.
    """
    whole = load_or_exit(config, env)
    settings = whole.environment(env)
    with _silent():
        findings = asyncio.run(_examined(env, whole))
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    else:
        typer.echo("\n".join(_report(env, settings.public_url, findings)))
    if any(finding.status == "failed" for finding in findings):
        raise typer.Exit(1)


@contextmanager
def _silent() -> Iterator[None]:
    """No log lines, because the report has the same facts."""
    earlier = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**earlier)


async def _examined(env: str, config: Config) -> list[CheckResult]:
    settings = config.environment(env)
    provider = Provider(settings.provider, clock=time.time, egress=settings.egress)
    checkup = ProviderCheckup(
        provider, redirect_uri=f"{settings.public_url}/oauth2/callback", egress=settings.egress
    )
    try:
        await provider.start()
        found = [finding async for finding in checkup.findings(settings.machines)]
    except ValueError as problem:
        found = [CheckResult("proxy", "failed", str(problem), "correct what the message says, under `proxy`")]
    finally:
        await provider.aclose()
    found += [finding async for finding in environment_findings(env, settings)]
    found += await fact_sources(config.rules[env])
    found += await transmitters(settings)
    return [*found, await neighbours(config, env), await letter_case(settings, config.rules[env])]


def _report(env: str, public_url: str, findings: Sequence[CheckResult]) -> list[str]:
    lines = [f"{env}: {public_url}"]
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        lines.append(f"  {_SHOWN[finding.status]:<8} {finding.check:<{width}}  {finding.says}")
        if finding.do and finding.status in ("warning", "failed"):
            lines.append(f"  {'':<8} {'':<{width}}  -> {finding.do}")
    counts = {status: sum(finding.status == status for finding in findings) for status in _SHOWN}
    lines.append(f"{counts['failed']} failed, {counts['warning']} to look at, {counts['ok']} fine.")
    return lines
