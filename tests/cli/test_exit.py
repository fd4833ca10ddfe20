"""How commands end where they do not succeed."""

from __future__ import annotations

import pytest
import typer

from gateway.cli.exit import NOT_DONE, WRONG, stop


@pytest.mark.parametrize("code", [WRONG, NOT_DONE])
def test_a_command_ends_with_words_and_a_code(code: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as stopped:
        stop("nothing was changed", code)
    assert stopped.value.exit_code == code
    out, err = capsys.readouterr()
    assert (out, err) == ("", "nothing was changed\n")
