"""Changes to the text of a YAML file: what is not meant stays as it was, octet for octet."""

from __future__ import annotations

import copy
import textwrap
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gateway.config.positions import Place, read_yaml
from gateway.promotion.text import TextBlock, YamlText

TARGET = """\
# About the whole file.
version: 1

environments:
  prd:
    # Never shorter than the register's own.
    session: {store: "sqlite:prd.db", idle_timeout: 30m}  # agreed
    edge:
        # Two octets more than the register.
        max_headers: 50   # was 40
        hosts:
        - a.be
        - b.be

    text: |
      one

      two
  # The end.
rules:
- id: one
  # about match
  match: {path: /a}

# Between.
- id: two
last: yes"""


def put(place: Place, written: str, **options: Any) -> str:
    source = YamlText("root:\n" + textwrap.indent(written, "   "))
    key = source.keys(("root",))[0]
    return YamlText(TARGET).put(place, source.fragment(("root", key)), **options).text


def changed(after: str) -> list[str]:
    before = TARGET.splitlines()
    return [line for line in after.splitlines() if line not in before]


@pytest.mark.parametrize(
    ("place", "written", "lines"),
    [
        (("version",), "version: 2", ["version: 2"]),
        (
            ("environments", "prd", "session", "idle_timeout"),
            "idle_timeout: 45m # why",
            ['    session: {store: "sqlite:prd.db", idle_timeout: 45m}  # agreed'],
        ),
        (
            ("environments", "prd", "session", "polling"),
            "polling:\n  # a list\n  - {path: /a, source: 'x, y'}\n  - path: |\n      b\n",
            [
                '    session: {store: "sqlite:prd.db", idle_timeout: 30m, polling: [{path: /a, source: \'x, y\'}, path: "b\\n"]}'
                "  # agreed"
            ],
        ),
        (
            ("environments", "prd", "edge", "max_headers"),
            "max_headers: 60",
            ["        max_headers: 60   # was 40"],
        ),
        (
            ("environments", "prd", "edge", "max_headers"),
            "max_headers: 60 # more",
            ["        max_headers: 60 # more"],
        ),
        (("environments", "prd", "edge", "hosts"), "hosts: [c.be]", ["        hosts: [c.be]"]),
        (
            ("environments", "prd", "edge", "keep_alive"),
            "# Longer than the proxy's.\nkeep_alive: 80s\n",
            ["        keep_alive: 80s"],
        ),
        (("last",), "last:\n  - no", ["last:", "  - no"]),
        (("more",), "more: {a: 1}", ["more: {a: 1}"]),
        (("environments", "prd", "text"), "text: 'a # b'", ["    text: 'a # b'"]),
    ],
)
def test_only_what_is_meant_changes(place: Place, written: str, lines: list[str]) -> None:
    after = put(place, written)
    assert [line for line in changed(after) if not line.lstrip().startswith("#")] == lines
    data = read_yaml(TARGET, "x")[0]
    parent = data
    for step in place[:-1]:
        parent = parent[step]
    parent[place[-1]] = next(iter(read_yaml(written, "x")[0].values()))
    assert read_yaml(after, "x")[0] == data


def test_comments_above_come_along() -> None:
    after = put(
        ("environments", "prd", "edge", "keep_alive"), "# Longer than\n# the proxy's.\nkeep_alive: 80s\n"
    )
    assert "        # Longer than\n        # the proxy's.\n        keep_alive: 80s\n" in after
    kept = put(("environments", "prd", "edge", "max_headers"), "# other\nmax_headers: 60 # more")
    assert "        # Two octets more than the register.\n        max_headers: 60 # more\n" in kept


def test_a_new_key_stands_where_it_stood() -> None:
    after = put(("environments", "prd", "new"), "new: 1", after=["session"])
    assert "# agreed\n    new: 1\n    edge:" in after


@pytest.mark.parametrize(
    ("place", "gone"),
    [
        (("environments", "prd", "session", "store"), []),
        (("environments", "prd", "session", "idle_timeout"), []),
        (("environments", "prd", "edge", "max_headers"), ["        # Two octets more than the register."]),
        (("environments", "prd", "text"), ["    text: |", "      one", "      two"]),
        (("last",), ["last: yes"]),
        (("rules",), ["# Between.", "rules:", "- id: one", "- id: two"]),
    ],
)
def test_dropping_a_key(place: Place, gone: list[str]) -> None:
    after = YamlText(TARGET).drop(place).text
    data = read_yaml(TARGET, "x")[0]
    parent = data
    for step in place[:-1]:
        parent = parent[step]
    del parent[place[-1]]
    assert read_yaml(after, "x")[0] == data
    assert not set(gone) & set(after.splitlines())
    assert "# About the whole file." in after


def test_the_last_key_takes_its_section_along() -> None:
    text = YamlText("a:\n  b:\n    c: 1\n  d: 2\n").drop(("a", "b", "c"))
    assert text.text == "a:\n  d: 2\n"
    assert YamlText("a: {b: {c: 1}, d: 2}\n").drop(("a", "b", "c")).text == "a: {d: 2}\n"


def test_items_of_a_list_come_with_their_comments() -> None:
    blocks = YamlText(TARGET).blocks(("rules",))
    assert blocks == [
        TextBlock("", "- id: one\n  # about match\n  match: {path: /a}\n"),
        TextBlock("\n# Between.\n", "- id: two\n"),
    ]
    again = YamlText(TARGET).set_blocks(("rules",), blocks)
    assert again.text == TARGET
    assert YamlText("x: [{a: 1}, 'b']").blocks(("x",)) == [
        TextBlock("", "- {a: 1}\n"),
        TextBlock("", "- 'b'\n"),
    ]


def test_a_list_is_made_where_there_is_none() -> None:
    blocks = [TextBlock("# why\n", "- id: x\n  match: {path: /x}\n")]
    for before in (TARGET, "a:\n  b: 1\n", "rules: [{id: y}]\n", "{a: 1, rules: []}"):
        after = YamlText(before).set_blocks(("rules",), blocks).text
        assert read_yaml(after, "x")[0]["rules"] == [{"id": "x", "match": {"path": "/x"}}]
    deep = YamlText("a:\n  b: 1\n").set_blocks(("a", "rules", "before"), blocks).text
    assert read_yaml(deep, "x")[0] == {
        "a": {"b": 1, "rules": {"before": [{"id": "x", "match": {"path": "/x"}}]}}
    }
    assert YamlText("a: 1\nx:\n  - 1\n").set_blocks(("x",), []).text == "a: 1\n"


def test_parts_of_a_section_stay_behind() -> None:
    source = YamlText("edge:\n  # names\n  hosts: [a]\n  # big\n  max: 5\n  in: {a: 1, b: 2}\n")
    found = source.fragment(("edge",), without=[("edge", "hosts"), ("edge", "in", "a")])
    assert read_yaml(found.body, "x")[0] == {"edge": {"max": 5, "in": {"b": 2}}}
    assert "hosts" not in found.body
    assert found.value == "{max: 5, in: {b: 2}}"


KEYS = st.sampled_from(["a", "b", "c", "d"])
SCALARS = st.sampled_from(["1", "no", "'x: y'", '"a, #b"', "/ncr/**", "30m", "é", "|\n", "file:x", "[]"])
TREES = st.recursive(
    SCALARS, lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=3), max_leaves=6
)


def rendered(tree: Any, column: int, draw: Any) -> str:
    """A mapping as people write it: with comments, in braces here and there."""
    lines = []
    for key, value in tree.items():
        if draw(st.booleans()):
            lines.append(f"{' ' * column}# about {key}\n")
        if isinstance(value, dict) and draw(st.booleans()):
            lines.append(f"{' ' * column}{key}: {braces(value)}\n")
        elif isinstance(value, dict):
            lines.append(f"{' ' * column}{key}:\n{rendered(value, column + draw(st.integers(1, 4)), draw)}")
        elif value == "|\n":
            lines.append(
                f"{' ' * column}{key}: |\n{' ' * (column + 2)}one\n\n{' ' * (column + 2)}two # no comment\n"
            )
        else:
            comment = draw(st.sampled_from(["", "  # behind"]))
            lines.append(f"{' ' * column}{key}: {value}{comment}\n")
    return "".join(lines)


def braces(tree: Any) -> str:
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key}: {braces(value)}" for key, value in tree.items()) + "}"
    return '"one\\n\\ntwo # no comment\\n"' if tree == "|\n" else str(tree)


@settings(max_examples=40, phases=(Phase.explicit, Phase.generate), derandomize=True)
@given(st.data())
def test_any_key_can_go_anywhere(data: st.DataObject) -> None:
    mappings = st.dictionaries(KEYS, TREES, min_size=1, max_size=3)
    here, there = ({"root": data.draw(mappings)} for _ in range(2))
    source, target = (YamlText(rendered(each, 0, data.draw)) for each in (here, there))
    was, new = (read_yaml(each.text, "x")[0] for each in (target, source))
    key = data.draw(st.sampled_from(sorted(new["root"])))
    after = target.put(("root", key), source.fragment(("root", key)))
    wanted = copy.deepcopy(was)
    wanted["root"][key] = new["root"][key]
    assert read_yaml(after.text, "x")[0] == wanted
    if len(wanted["root"]) > 1:
        del wanted["root"][key]
        assert read_yaml(after.drop(("root", key)).text, "x")[0] == wanted
    assert yaml.compose(after.text) is not None
