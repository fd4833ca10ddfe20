"""Help: what a command does, examples, exit codes; and the nearest command for one that was mistyped."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from gateway.cli import application
from gateway.cli.command_help import CommandHelp


def said(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(application(arguments), list(arguments))
    return done.exit_code, done.output


def test_a_docstring_is_taken_apart() -> None:
    sections = CommandHelp.of("""Do it.

    More words.

    Examples:
        gateway do
        gateway do --more

    Exit codes:
        0: done
        1: not done, because
            it is long
        3: later

    JSON:
        An object: `a`,
        `b`.
    """)
    assert sections.words == "Do it.\n\nMore words."
    assert sections.examples == ("gateway do", "gateway do --more")
    assert sections.exit_codes == {
        0: "done", 1: "not done, because it is long", 2: "wrong arguments", 3: "later",
    }  # fmt: skip
    assert sections.json == "An object: `a`, `b`."


@pytest.mark.parametrize("asked", ["-h", "--help"])
def test_help_has_examples_and_exit_codes(asked: str) -> None:
    code, text = said("block", "add", asked)
    assert code == 0
    order = [
        "Usage: ",
        "Block an organisation",
        "\nExamples:\n  gateway block add",
        "\nOptions:\n",
        "\nExit codes:\n  0  ",
    ]
    found = [text.index(each) for each in order]
    assert found == sorted(found)
    assert "3  blocked, but not confirmed" in text


@pytest.mark.parametrize("path", [(), ("block",), ("policy",), ("policy", "diff"), ("serve",)])
def test_h_is_help_everywhere(path: tuple[str, ...]) -> None:
    assert said(*path, "-h") == said(*path, "--help")
    assert said(*path, "-h")[0] == 0


def test_the_list_of_commands_needs_none_of_them() -> None:
    _, text = said("-h")
    assert re.search(r"^  sessions +List and end sessions\.$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (("sesions",), "gateway sessions"),
        (("validate",), "gateway config validate"),
        (("replay",), "gateway policy replay"),
        (("policy", "expain"), "gateway policy explain"),
        (("block", "revoke"), "gateway sessions revoke"),
        (("keys", "rotate-all"), "gateway keys rotate"),
    ],
)
def test_the_nearest_command_is_named(typed: tuple[str, ...], meant: str) -> None:
    code, text = said(*typed)
    assert code == 2
    assert f"There is no command {typed[-1]!r}. Did you mean `{meant}`?" in text


@pytest.mark.parametrize(
    ("typed", "there_are"),
    [
        (("block", "person"), "`gateway block` has: add, list, remove."),
        (("sessions", "end"), "`gateway sessions` has: list, show, revoke."),
        (("emergency", "start"), "`gateway emergency` has: open, confirm, close, list, code."),
        (("records", "list"), "`gateway records` has: verify, show."),
    ],
)
def test_no_order_for_everybody_and_nothing_of_another_kind_is_suggested(
    typed: tuple[str, ...], there_are: str
) -> None:
    code, text = said(*typed)
    assert code == 2
    assert f"There is no command {typed[-1]!r}. {there_are}" in text


@pytest.mark.parametrize("typed", ["end", "list", "logs"])
def test_a_name_of_several_commands_or_of_an_order_is_not_guessed(typed: str) -> None:
    assert f"There is no command {typed!r}.\n" in said(typed)[1]


def test_what_resembles_nothing_gets_no_suggestion() -> None:
    code, text = said("xyzzy")
    assert code == 2
    assert "There is no command 'xyzzy'.\n" in text
