"""What a command says of itself: the sections of its docstring, and the help that is made of them.

A docstring ends with `Examples:`, `Exit codes:` and, where there is `--json`, `JSON:`, each with indented lines.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from inspect import cleandoc
from typing import Any, Final

from typer.core import TyperCommand, TyperGroup

# Every command can end with these.
COMMON: Final[Mapping[int, str]] = {
    2: "wrong arguments",
    70: "the command itself failed: a fault of the gateway, to report, or a policy of your own that ended it",
    74: "what it printed is not complete: a full disk, for example; what it was asked to change is changed",
    130: "it was interrupted (Ctrl-C)",
}
_FOR_EVERYBODY: Final = ("emergency", "keys", "maintenance")
_SECTION: Final = re.compile(r"^(Examples|Exit codes|JSON):\n", re.MULTILINE)
_CODE: Final = re.compile(r"^(\d+): ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CommandHelp:
    """The parts of a docstring: what the command does, examples, the meaning of each exit code, the shape of `--json`."""

    words: str
    examples: Sequence[str]
    exit_codes: Mapping[int, str]
    json: str

    @classmethod
    def of(cls, docstring: str) -> CommandHelp:
        """The sections of this docstring."""
        words, *rest = _SECTION.split(cleandoc(docstring))
        sections = {name: cleandoc(f"\n{text}") for name, text in zip(rest[::2], rest[1::2], strict=True)}
        _, *codes = _CODE.split(sections.get("Exit codes", ""))
        meanings = {
            int(code): _joined(meaning) for code, meaning in zip(codes[::2], codes[1::2], strict=True)
        }
        return cls(
            words.strip(),
            tuple(line for line in sections.get("Examples", "").splitlines() if line),
            dict(sorted({2: COMMON[2], **meanings}.items())),
            _joined(sections.get("JSON", "")),
        )


class Command(TyperCommand):
    """A command whose help has examples before its options, and exit codes behind them."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        self.sections = CommandHelp.of(settings.get("help") or "")
        super().__init__(*args, **{**settings, "help": self.sections.words})

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """The words, then the examples as they are typed."""
        super().format_help_text(ctx, formatter)
        if self.sections.examples:
            with formatter.section("Examples"):
                formatter.write_text("\b\n" + "\n".join(self.sections.examples))

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """The exit codes, and the shape of the JSON."""
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), words) for code, words in self.sections.exit_codes.items()])
        if self.sections.json:
            with formatter.section("With --json"):
                formatter.write_text(self.sections.json)


class Group(TyperGroup):
    """Commands; for an unknown one it names the nearest, also where that is in another group, and those of the group."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As Typer's, with one suggestion."""
        typed = args[0] if args else ""
        if self.get_command(ctx, typed) is None and not typed.startswith("-") and not ctx.resilient_parsing:
            near = nearest(typed, self, ctx)
            hint = f" Did you mean `{near}`?" if near else ""
            if ctx.parent is not None:
                hint += f" `{ctx.command_path}` has: {', '.join(self.commands)}."
            ctx.fail(f"There is no command {typed!r}.{hint}")
        return super().resolve_command(ctx, args)


def nearest(typed: str, group: TyperGroup, ctx: Any) -> str | None:
    """The one command of this name in another group, or else the one with the name most like it.

    What opens, closes or drops for everybody is never named to whoever typed another group, or none.
    """
    from gateway.cli import commands  # noqa: PLC0415 - all commands are imported only where one was mistyped

    paths = [path for path, _ in commands() if path[1] not in _FOR_EVERYBODY]
    named = [path for path in paths if path[-1] == typed]
    if len(named) == 1:
        return " ".join(named[0])
    if here := get_close_matches(typed, list(group.commands), n=1, cutoff=0.7):
        return f"{ctx.command_path} {here[0]}"
    if ctx.parent is not None:
        return None
    several = Counter(path[-1] for path in paths)
    elsewhere = {path[-1]: " ".join(path) for path in paths if several[path[-1]] == 1}
    found = get_close_matches(typed, list(elsewhere), n=1, cutoff=0.8)
    return elsewhere[found[0]] if found else None


def _joined(text: str) -> str:
    return " ".join(text.split())
