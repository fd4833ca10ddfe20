"""Who runs a command: by the account that they logged in with, or by a code of their own."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import typer

from gateway.cli.exit import stop
from gateway.emergency.codes import is_code

_NOT_SET = 2**32 - 1


class Operator(NamedTuple):
    """A name, and how it is known: login (the kernel keeps it), sudo, account, or code."""

    name: str
    how: str


def running_operator(operators: Mapping[str, str], name: str | None) -> Operator:
    """The person at the keyboard. With `operators`, whoever gives the code of `name`. Ends the command where it is nobody."""
    if not operators:
        if name is not None:
            stop("--as needs `emergency: {operators: ...}`: without it, you are known by your account")
        return login_account()
    if name is None:
        stop(f"say who you are, with --as: {', '.join(operators)}")
    if name not in operators:
        stop(f"{name!r} is not one of the operators: {', '.join(operators)}")
    code = typer.prompt(f"Code of {name}", hide_input=True, err=True)
    if not is_code(code, operators[name]):
        stop(f"that is not the code of {name}. NOTHING WAS CHANGED.", 1)
    return Operator(name, "code")


def login_account(
    login: Path = Path("/proc/self/loginuid"), environ: Mapping[str, str] = os.environ
) -> Operator:
    """The account that somebody logged in with, also behind sudo and su; where the kernel does not keep it, what is known."""
    try:
        kept = int(login.read_text("ascii"))
    except (OSError, ValueError):
        kept = _NOT_SET
    if kept != _NOT_SET:
        return Operator(_name(kept), "login")
    own = os.getuid()
    behind = environ.get("SUDO_UID", "")
    if behind.isdigit() and int(behind) != own:
        return Operator(_name(int(behind)), "sudo")
    return Operator(_name(own), "account")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"
