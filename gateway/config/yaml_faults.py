"""What is wrong with a file that is not YAML, in the words of somebody who wrote it, with a picture of the line."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import yaml

from gateway.config.problems import ConfigError, Problem

_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# YAML 1.2 section 5.1, without the replacement of surrogates.
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_CONFLICT: Final = re.compile(r"(<{7}|={7}|>{7})( |$)")
_NO_TEXT: Final = (
    "this is no configuration but a key, a certificate or other data: name the file with the rules"
)
_WIDEST: Final = 70
_QUOTE_IT: Final = "put the value between quotes"


def decode_file(content: bytes, file: str) -> str:
    """The text of a file in UTF-8, or UTF-16 with a byte order mark. Raises ConfigError for every other encoding."""
    try:
        if content.startswith(_UTF16) and content[2:4] != b"\0\0":
            text = content.decode("utf-16")
        else:
            text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        if 0 in content[:4] or problem.encoding.startswith("utf-16"):
            words = "the file is not saved as UTF-8: save it as UTF-8"
            raise ConfigError([Problem(file, 1, 1, words)]) from problem
        if _is_no_text(content):
            raise ConfigError([Problem(file, 1, 1, _NO_TEXT)]) from problem
        before = problem.object[: problem.start].decode("utf-8-sig", "replace")
        line, column = _place(before)
        octet = problem.object[problem.start]
        likely = bytes([octet]).decode("cp1252", "replace")
        shown = problem.object.decode("cp1252", "replace")
        words = f"the octet {octet:#04x} is not UTF-8; in Windows-1252 and ISO-8859-1 it is {likely!r}: save the file as UTF-8"
        raise ConfigError([Problem(file, line, column, words, picture(shown, line, column))]) from problem
    if text.lstrip().startswith("-----BEGIN "):
        raise ConfigError([Problem(file, 1, 1, _NO_TEXT)])
    forbidden = _FORBIDDEN.search(text)
    if forbidden is not None and "\0\0" in (text[:4:2], text[1:4:2]):
        raise ConfigError([Problem(file, 1, 1, "the file seems to be saved as UTF-16: save it as UTF-8")])
    if forbidden is not None:
        line, column = _place(text[: forbidden.start()])
        words = f"the file contains a control character, U+{ord(forbidden[0]):04X}, at this place: remove it"
        raise ConfigError([Problem(file, line, column, words, picture(text, line, column))])
    return text


def _is_no_text(content: bytes) -> bool:
    """Whether this is a key or a database: nothing of it may be shown."""
    control = sum((octet < 32 and octet not in b"\t\n\r") or octet == 127 for octet in content)
    return control > 0 or 3 * sum(octet >= 128 for octet in content) > len(content)


def picture(text: str, line: int, column: int) -> str:
    """The line with its number, and below it a mark at the column (both from 1); long lines are cut, tabs made visible."""
    lines = _BREAK.split(text)
    if not 0 < line <= len(lines):
        return ""
    written, at = lines[line - 1], column - 1
    start = max(0, at - _WIDEST // 2) if len(written) > _WIDEST else 0
    end = start + _WIDEST
    before, rest = _visible(written[start:at]), _visible(written[max(start, at) : end])
    left, right = "..." if start else "", "..." if end < len(written) else ""
    number = f"{line:>6} | "
    return f"{number}{left}{before}{rest}{right}\n{' ' * (len(number) - 2)}| {' ' * len(left + before)}^"


def yaml_problem(problem: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    """The problem that the parser found, at the place where it can be mended."""
    words, place = _Reading(problem, text).said()
    return Problem(file, *place, f"this is not YAML: {words}", picture(text, *place))


def _place(before: str) -> tuple[int, int]:
    """Line and column, from 1, behind this text."""
    lines = _BREAK.split(before)
    return len(lines), len(lines[-1]) + 1


def _visible(text: str) -> str:
    text = text.replace("\t", "<TAB>").replace("\xa0", "<NBSP>")
    return _FORBIDDEN.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)


_Said = tuple[str, tuple[int, int]]


@dataclass(slots=True)
class _Reading:
    """One fault of the parser in one text."""

    problem: yaml.MarkedYAMLError
    text: str

    def said(self) -> _Said:
        """Words, and line and column from 1."""
        mark = self.problem.problem_mark or self.problem.context_mark
        at = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        context = self.problem.context_mark
        began = (context.line + 1, context.column + 1) if context is not None else at
        what = self.problem.problem or ""
        for line in (began[0], at[0], at[0] - 1):
            if _CONFLICT.match(self._line(line)):
                return "a merge left a conflict here that nobody resolved", (line, 1)
        indent = re.match(r"[ ]*\t", self._line(at[0]))
        if indent is not None:
            return "this line is indented with a tab: use spaces", (at[0], indent.end())
        if "another document" in what or "document start" in what:
            return self._second_document(at)
        if "end of stream" in what and "quoted" in (self.problem.context or ""):
            return "the quote that opens here is not closed", began
        if "',' or" in what or (at[0] > len(_BREAK.split(self.text.rstrip())) and self._open() is not None):
            return self._bracket(at)
        if "expected ':'" in what:
            return self._no_colon(began[0])
        if "mapping values" in what:
            return self._second_value(at)
        return self._rest(what, at, began)

    def _rest(self, what: str, at: tuple[int, int], began: tuple[int, int]) -> _Said:
        character = self._line(at[0])[at[1] - 1 : at[1]]
        first = self._line(at[0])[: at[1] - 1].strip() == ""
        if "expected key" in what and not first:
            return f"something is behind the end of the value: {_QUOTE_IT} as a whole", at
        if "expected key" in what and character == "-":
            return "a list item stands where keys are expected: is it indented as the other items?", at
        if "expected key" in what:
            return "the indentation of this line fits no line above it", at
        if "'-' indicator" in what:
            return "a list goes on here: begin the line with `- `, or mend its indentation", at
        if "sequence entries" in what:
            return "a list begins on a line of its own, below its key", at
        if "cannot start any token" in what and character == "\t":
            return "there is a tab before the value: use a space", at
        if "cannot start any token" in what or "node content" in what:
            return f"a value cannot begin with {character!r}: {_QUOTE_IT}", at
        if "alias" in what or "alphabetic" in what:
            sign = self._line(began[0])[began[1] - 1 : began[1]]
            return f"a value that begins with {sign} means something else in YAML: {_QUOTE_IT}", began
        if "anchor" in (self.problem.context or ""):
            return "this name of an anchor (&) is given twice", at
        if "escape" in what or "hexdecimal" in what:
            return "a backslash between double quotes means something else: use single quotes", at
        if "tag" in what:
            return f"a value cannot begin with !: {_QUOTE_IT}", at
        if "comment or line break" in what:
            return f"a value that begins with | or > is a block of text on the next lines: {_QUOTE_IT}", began
        return what, at

    def _second_document(self, at: tuple[int, int]) -> _Said:
        end = next((line for line in range(at[0], 0, -1) if self._line(line)[:3] in ("---", "...")), None)
        above = next((each for each in range(at[0] - 1, 0, -1) if self._bare(each)), None)
        if end is None and above is not None:
            return self._no_colon(above)
        return "a second document begins here, but a file has one: remove this line", (end or at[0], 1)

    def _bracket(self, at: tuple[int, int]) -> _Said:
        opened = self._open()
        if opened is None or opened[0] == at[0]:
            return "a comma is missing here, or a bracket is not closed", at
        sign = self._line(opened[0])[opened[1] - 1]
        return f"the {sign} that opens here is not closed, or a comma is missing at line {at[0]}", opened

    def _no_colon(self, line: int) -> _Said:
        column = len(re.sub(r"\s+(#.*)?$", "", self._line(line))) + 1
        return "this line has no colon: write `key: value`, or `key:` with what belongs to it below", (
            line,
            column,
        )

    def _second_value(self, at: tuple[int, int]) -> _Said:
        here = self._line(at[0])[: at[1] - 1]
        if re.search(r":\s", here):
            return f"there is a second colon on this line: {_QUOTE_IT}", at
        above = next((each for each in range(at[0] - 1, 0, -1) if self._bare(each)), None)
        if above is not None and not re.search(r":(\s|$)", self._bare(above)):
            return self._no_colon(above)
        if above is not None and len(here) - len(here.lstrip()) > self._indent(above):
            indent = len(here) - len(here.lstrip()) + 1
            return "this line is indented deeper than the one above, which has its value already", (
                at[0],
                indent,
            )
        return "a key stands here where a value is expected: is there a space behind each colon?", at

    def _bare(self, line: int) -> str:
        """The line without its comment; "" if there is nothing else."""
        return re.sub(r"(^|\s)#.*", "", self._line(line)).strip()

    def _indent(self, line: int) -> int:
        written = self._line(line)
        return len(written) - len(written.lstrip(" "))

    def _line(self, number: int) -> str:
        lines: Sequence[str] = _BREAK.split(self.text)
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def _open(self) -> tuple[int, int] | None:
        """Where the innermost bracket opens that is open where the parser stopped."""
        opened: list[tuple[int, int]] = []
        try:
            for token in yaml.scan(self.text, yaml.CSafeLoader):
                if isinstance(token, yaml.FlowSequenceStartToken | yaml.FlowMappingStartToken):
                    opened.append((token.start_mark.line + 1, token.start_mark.column + 1))
                elif isinstance(token, yaml.FlowSequenceEndToken | yaml.FlowMappingEndToken) and opened:
                    opened.pop()
                mark = self.problem.problem_mark
                if mark is not None and token.start_mark.index >= mark.index:
                    break
        except yaml.YAMLError:
            pass
        return opened[-1] if opened else None
