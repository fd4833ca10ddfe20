"""Changes to the text of a YAML file: what is not changed stays as it is, octet for octet, comments and all.

Marks of the parser say where keys and values stand; the text between them is cut and put in.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import yaml

from gateway.config.positions import Place
from gateway.promotion.fragment import Fragment, fragment


@dataclass(frozen=True, slots=True)
class TextEntry:
    """A key of a mapping or an item of a list that stands on lines of its own, by offsets in the text.

    `lead` is where the comments above it begin, `start` its first line, `end` the line after it.
    """

    lead: int
    start: int
    end: int
    column: int


@dataclass(frozen=True, slots=True)
class TextBlock:
    """An item of a list, as lines without indentation; `lead` are the comments above."""

    lead: str
    body: str


class YamlText:
    """The text of one file. Every change gives a new one; it raises ValueError where that cannot be."""

    def __init__(self, text: str) -> None:
        self.text = text
        try:
            self._root = yaml.compose(text, yaml.CSafeLoader)
        except yaml.YAMLError as problem:
            raise ValueError(f"it would not be YAML any more ({problem}): change it by hand") from problem

    def has(self, place: Place) -> bool:
        """Whether there is a value at this place."""
        return self._node(place) is not None

    def keys(self, place: Place) -> list[str]:
        """The keys of the mapping at this place, in the order of the file."""
        node = self._node(place)
        return [key.value for key, _ in node.value] if isinstance(node, yaml.MappingNode) else []

    def fragment(self, place: Place, *, without: Collection[Place] = ()) -> Fragment:
        """The key at this place, without what stands at the places `without`, which begin at the key itself."""
        key, value = self._pair(place)
        if self._in_braces(place[:-1]):
            lead, body = "", f"{key.value}: {self._span(value)}\n"
        else:
            entry = self._entries(place[:-1])[self._index(place)]
            lead, body = textwrap.dedent(self.text[entry.lead : entry.start]), self._dedented(entry)
        for each in without:
            body = YamlText(body).drop(each).text
        return fragment(lead, body)

    def put(self, place: Place, new: Fragment, *, after: Sequence[str] = ()) -> YamlText:
        """Set the key at this place. Where it is not there yet, it comes behind the last of the keys `after`."""
        if self.has(place):
            return self._replaced(place, new)
        parent = self._node(place[:-1])
        if not isinstance(parent, yaml.MappingNode):
            raise ValueError(f"{'.'.join(map(str, place[:-1]))} has no keys")
        known = [key.value for key, _ in parent.value]
        behind = max((known.index(each) for each in after if each in known), default=len(known) - 1)
        if parent.flow_style:
            return self._put_in_braces(parent, behind, new)
        entries = self._entries(place[:-1])
        at, column = entries[behind].end, entries[behind].column
        return self._with([(at, at, _indented(new.lead + new.body, column))])

    def drop(self, place: Place) -> YamlText:
        """Take the key at this place out, and the mapping that has no other."""
        parent = self._node(place[:-1])
        assert isinstance(parent, yaml.MappingNode)
        if len(parent.value) == 1 and len(place) > 1:
            return self.drop(place[:-1])
        index = self._index(place)
        if not parent.flow_style:
            entry = self._entries(place[:-1])[index]
            return self._with([(entry.lead, entry.end, "")])
        start, end = parent.value[index][0].start_mark.index, parent.value[index][1].end_mark.index
        if index + 1 < len(parent.value):
            end = parent.value[index + 1][0].start_mark.index
        elif index:
            start = parent.value[index - 1][1].end_mark.index
        return self._with([(start, end, "")])

    def blocks(self, place: Place) -> list[TextBlock]:
        """The items of the list at this place; none where there is no list."""
        node = self._node(place)
        if not isinstance(node, yaml.SequenceNode):
            return []
        if node.flow_style:
            return [TextBlock("", f"- {self._span(each)}\n") for each in node.value]
        return [
            TextBlock(textwrap.dedent(self.text[entry.lead : entry.start]), self._dedented(entry))
            for entry in self._entries(place)
        ]

    def set_blocks(self, place: Place, blocks: Sequence[TextBlock], *, column: int = 2) -> YamlText:
        """Replace the list at this place, which is made where it is not there; comments above its first item stay."""
        if not blocks:
            return self.drop(place) if self.has(place) else self
        lines = "".join(each.lead + each.body for each in blocks)
        node = self._node(place)
        if isinstance(node, yaml.SequenceNode) and not node.flow_style:
            entries = self._entries(place)
            return self._with([(entries[0].lead, entries[-1].end, _indented(lines, entries[0].column))])
        body = f"{place[-1]}:\n{_indented(lines, column)}"
        if len(place) > 1 and not self.has(place[:-1]):
            return self.put(place[:-1], fragment("", f"{place[-2]}:\n{_indented(body, 2)}"))
        return self.put(place, fragment("", body))

    def _replaced(self, place: Place, new: Fragment) -> YamlText:
        _, value = self._pair(place)
        if self._in_braces(place[:-1]):
            return self._with([(value.start_mark.index, value.end_mark.index, new.value)])
        entry = self._entries(place[:-1])[self._index(place)]
        old = self._span(value)
        if new.written is not None and old and "\n" not in old:
            # The comment behind the value stays.
            return self._with([(value.start_mark.index, value.end_mark.index, new.written)])
        lead = self.text[entry.lead : entry.start] or _indented(new.lead, entry.column)
        return self._with([(entry.lead, entry.end, lead + _indented(new.body, entry.column))])

    def _put_in_braces(self, parent: yaml.MappingNode, behind: int, new: Fragment) -> YamlText:
        written = f"{new.key}: {new.value}"
        if not parent.value:
            at = parent.start_mark.index + 1
            return self._with([(at, at, written)])
        at = parent.value[behind][1].end_mark.index
        return self._with([(at, at, f", {written}")])

    def _with(self, edits: Sequence[tuple[int, int, str]]) -> YamlText:
        text = self.text
        for start, end, new in sorted(edits, reverse=True):
            before = text[:start]
            if new and before and start == end and not before.endswith("\n") and new.endswith("\n"):
                before += "\n"  # the file ends without a newline
            text = before + new + text[end:]
        return YamlText(text)

    def _node(self, place: Place) -> yaml.Node | None:
        node: yaml.Node | None = self._root
        for step in place:
            pairs = node.value if isinstance(node, yaml.MappingNode) else []
            node = next((value for key, value in pairs if key.value == str(step)), None)
        return node

    def _pair(self, place: Place) -> tuple[yaml.Node, yaml.Node]:
        parent = self._node(place[:-1])
        assert isinstance(parent, yaml.MappingNode)
        found: tuple[yaml.Node, yaml.Node] = parent.value[self._index(place)]
        return found

    def _index(self, place: Place) -> int:
        return self.keys(place[:-1]).index(str(place[-1]))

    def _in_braces(self, place: Place) -> bool:
        node = self._node(place)
        return isinstance(node, yaml.CollectionNode) and bool(node.flow_style)

    def _span(self, node: yaml.Node) -> str:
        return self.text[node.start_mark.index : node.end_mark.index]

    def _dedented(self, entry: TextEntry) -> str:
        lines = self.text[entry.start : entry.end].splitlines(keepends=True)
        cut = "".join(line[min(entry.column, len(line) - len(line.lstrip(" "))) :] for line in lines)
        return cut if cut.endswith("\n") else f"{cut}\n"

    def _entries(self, place: Place) -> list[TextEntry]:
        """The entries of the block mapping or list at this place, in the order of the file."""
        node = self._node(place)
        assert isinstance(node, yaml.CollectionNode)
        assert not node.flow_style
        column = node.start_mark.column
        found: list[TextEntry] = []
        for first, last in self._ends(node):
            start = self._line_of(first)
            if isinstance(node, yaml.SequenceNode):
                start = self._dash(start, column)
            end = self._with_comments(self._next_line(last), column)
            floor = found[-1].end if found else self._next_line(self._head(place))
            # What stands above the first key of the file is about the whole file.
            lead = start if not place and not found else self._lead(start, floor)
            found.append(TextEntry(lead, start, end, column))
        return found

    def _ends(self, node: yaml.CollectionNode) -> Iterator[tuple[int, int]]:
        """Where each entry begins, and where its content ends."""
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                yield key.start_mark.index, max(key.end_mark.index, self._end(value))
        else:
            for each in node.value:
                yield each.start_mark.index, self._end(each)

    def _end(self, node: yaml.Node) -> int:
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            if isinstance(last, tuple):
                return max(int(last[0].end_mark.index), self._end(last[1]))
            return self._end(last)
        span = self._span(node)
        return int(node.start_mark.index) + len(span.rstrip()) if span.strip() else 0

    def _head(self, place: Place) -> int:
        return int(self._pair(place)[0].end_mark.index) if place else 0

    def _dash(self, start: int, column: int) -> int:
        """The line with the dash of an item, whose value may begin on the next."""
        while self.text[start + column : start + column + 1] != "-":
            start = self._line_of(start - 1)
        return start

    def _lead(self, start: int, floor: int) -> int:
        while start > floor:
            above = self._line_of(start - 1)
            line = self.text[above : start - 1].strip()
            if above < floor or (line and not line.startswith("#")):
                break
            start = above
        return start

    def _with_comments(self, end: int, column: int) -> int:
        """The end of an entry with the comments below it that are indented deeper than itself."""
        at = found = end
        while at < len(self.text):
            following = self._next_line(at)
            line = self.text[at:following]
            if line.strip() and not line.lstrip().startswith("#"):
                break
            at = following
            if line.strip():
                if len(line) - len(line.lstrip(" ")) <= column:
                    break
                found = at
        return found

    def _line_of(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def _next_line(self, at: int) -> int:
        found = self.text.find("\n", at)
        return len(self.text) if found < 0 else found + 1


def _indented(lines: str, column: int) -> str:
    return textwrap.indent(lines, " " * column)
