"""How commands end where they do not succeed."""

from __future__ import annotations

from typing import NoReturn

import typer

NOT_DONE = 1
WRONG = 2
NOT_CONFIRMED = 3
"""The exit codes of commands that act on what runs; others say theirs in their docstrings."""


def stop(words: str, code: int = WRONG) -> NoReturn:
    """End the command with these words on standard error."""
    typer.echo(words, err=True)
    raise typer.Exit(code)
