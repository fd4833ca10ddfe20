"""Who runs a command."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
import typer

from gateway.cli.operator import login_account, running_operator

ME = pwd.getpwuid(os.getuid()).pw_name
OTHER = next(each for each in pwd.getpwall() if each.pw_uid != os.getuid())
UNSET = "4294967295"


@pytest.mark.parametrize(
    ("kept", "environ", "name", "how"),
    [
        (str(OTHER.pw_uid), {"SUDO_UID": str(os.getuid())}, OTHER.pw_name, "login"),
        (UNSET, {"SUDO_UID": str(OTHER.pw_uid)}, OTHER.pw_name, "sudo"),
        (UNSET, {"SUDO_UID": "x", "LOGNAME": "somebody", "USER": "somebody"}, ME, "account"),
        (None, {}, ME, "account"),
        ("1234567", {}, "uid-1234567", "login"),
    ],
)
def test_the_account_is_that_of_the_login(
    tmp_path: Path, kept: str | None, environ: dict[str, str], name: str, how: str
) -> None:
    login = tmp_path / "loginuid"
    if kept is not None:
        login.write_text(kept)
    assert login_account(login, environ) == (name, how)


def test_without_operators_no_name_can_be_typed(capsys: pytest.CaptureFixture[str]) -> None:
    assert running_operator({}, None) == login_account()
    with pytest.raises(typer.Exit):
        running_operator({}, "bob")
    assert "known by your account" in capsys.readouterr().err
