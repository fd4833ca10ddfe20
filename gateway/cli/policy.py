"""`gateway policy ...`: what the rules say, why, and what a change of them means."""

from __future__ import annotations

import typer

from gateway.cli import diff, explain, replay, shadow, suites

policy_commands = typer.Typer(help="Explain, test and compare rules.", no_args_is_help=True)
policy_commands.command()(explain.explain)
policy_commands.command()(suites.test)
policy_commands.command()(diff.diff)
policy_commands.command()(replay.replay)
policy_commands.command()(shadow.shadow_report)


@policy_commands.callback()
def _group() -> None:
    """Explain, test and compare rules."""
