"""Rules in several files: the order is that of the text, every problem is told where it was written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.config import ConfigError, load
from gateway.config.includes import included_by
from gateway.files.pattern import Pattern
from tests.config.test_lock import environments
from tests.config.test_rules import ids
from tests.gateways import write_config
from tests.processes import command


def text(*rules: str, require: str = "anyone") -> str:
    lines = [f"  - {{id: {name}, match: {{path: /{name}}}, require: [{require}]}}" for name in rules]
    return "rules:\n" + "\n".join(lines) + "\n"


def config(folder: Path, rules: list[object], files: dict[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return write_config(folder, environments(folder), rules=rules)


def rule(name: str) -> dict[str, object]:
    return {"id": name, "match": {"path": f"/{name}"}, "require": ["anyone"]}


def told(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load(path)
    return [str(problem).replace(f"{path.parent}/", "") for problem in refused.value.problems]


def test_rules_stand_where_the_include_stands(tmp_path: Path) -> None:
    path = config(
        tmp_path,
        [rule("first"), {"include": "rules/*.yaml"}, rule("last")],
        {
            "rules/b.yaml": text("b1"),
            "rules/a.yaml": text("a1", "a2") + "  - include: more/c.yaml\n",
            "more/c.yaml": text("c1"),
            "rules/a.txt": "no rules",
        },
    )
    assert ids(path)["ti"] == ["first", "a1", "a2", "c1", "b1", "last"]
    loaded = load(path)
    places = {
        rule.id: (rule.at[0].removeprefix(f"{tmp_path}/"), rule.at[1]) for rule in loaded.rules["ti"].rules
    }
    assert places["a2"] == ("rules/a.yaml", 3)
    assert places["c1"] == ("more/c.yaml", 2)
    assert places["first"][0] == places["last"][0] == "config.yaml"
    assert [file.name for file in loaded.files] == ["config.yaml", "a.yaml", "c.yaml", "b.yaml"]


def test_an_environment_can_include_too(tmp_path: Path) -> None:
    all_of = environments(tmp_path)
    all_of["ti"]["rules"] = {"before": [{"include": "ti.yaml"}]}
    (tmp_path / "ti.yaml").write_text(text("t1"))
    path = write_config(tmp_path, all_of, rules=[rule("a")])
    assert ids(path) == {"ti": ["t1", "a"], "prd": ["a"]}


def test_problems_are_told_in_the_file_where_they_stand(tmp_path: Path) -> None:
    path = config(
        tmp_path,
        [rule("a"), {"include": "one.yaml"}, {"include": "two.yaml"}, rule("b")],
        {
            "one.yaml": text("a", "c", require="anyon"),
            "two.yaml": "rules:\n  - id: d\n    match: {pth: /d}\n    require: [anyone]\n  - id: e\n    match: {path: d}\n"
            "    require: [right: {right: nobody}]\n",
        },
    )
    names = "known: all, any, anyone, assurance, authenticated, claim, machine, network, not, organisation, rate, remote, right, schedule"
    assert told(path) == [
        "one.yaml:2:10: the id 'a' is used twice, first at config.yaml:" + str(_line(path, "id: a")),
        f"one.yaml:2:42: unknown policy 'anyon'; did you mean 'anyone'? ({names})",
        f"one.yaml:3:42: unknown policy 'anyon'; did you mean 'anyone'? ({names})",
        "two.yaml:3:13: unknown key 'pth'; did you mean 'path'? (known: hosts, methods, path, regex)",
        "two.yaml:6:19: a path starts with a slash: write /d",
        "two.yaml:7:30: unknown right 'nobody' (known: indiener)",
    ]


def _line(path: Path, words: str) -> int:
    return next(n for n, line in enumerate(path.read_text().splitlines(), 1) if line.endswith(words))


@pytest.mark.parametrize(
    ("include", "files", "words"),
    [
        ("nothing.yaml", {}, "there is no file nothing.yaml in"),
        ("rules/*.yaml", {"rules/a.yml": text("a")}, "there is no file rules/*.yaml in"),
        ("../outside.yaml", {}, "write a file or a pattern below this folder"),
        ("/etc/passwd", {}, "write a file or a pattern below this folder"),
        ("", {}, "write a file or a pattern below this folder"),
        ("a.yaml", {"a.yaml": "rules: []\nversion: 1\n"}, "an included file has one key"),
        ("a.yaml", {"a.yaml": "- id: a\n"}, "an included file has one key"),
        ("a.yaml", {"a.yaml": ""}, "a.yaml:1:1: the file is empty"),
        ("a.yaml", {"a.yaml": "rules: ["}, "this is not YAML"),
        (
            "a.yaml",
            {"a.yaml": "rules:\n  - include: b.yaml\n", "b.yaml": "rules:\n  - include: a.yaml\n"},
            "b.yaml:2:14: files include each other: a.yaml > b.yaml > a.yaml",
        ),
        ("config.yaml", {}, "files include each other: config.yaml > config.yaml"),
        ("a.yaml/x.yaml", {"a.yaml": text("a")}, "there is no file"),
        ("folder", {"folder/a.yaml": text("a")}, "it is not a file"),
    ],
)
def test_what_is_refused(tmp_path: Path, include: str, files: dict[str, str], words: str) -> None:
    path = config(tmp_path, [rule("z"), {"include": include}], files)
    assert any(words in problem for problem in told(path)), told(path)


def test_an_include_says_nothing_else(tmp_path: Path) -> None:
    path = config(tmp_path, [rule("z"), {"include": "a.yaml", "id": "x"}], {"a.yaml": text("a")})
    (problem,) = told(path)
    assert "unknown key 'id'" in problem


def test_a_link_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "outside.yaml").write_text(text("a"))
    (tmp_path / "inside/a.yaml").symlink_to(tmp_path / "outside.yaml")
    path = config(tmp_path / "inside", [rule("z"), {"include": "a.yaml"}], {})
    assert any("is outside" in problem for problem in told(path))


def test_a_pipe_and_a_loop_of_links_do_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    for name in ("pipe.yaml", "loop.yaml", ""):
        with pytest.raises(ConfigError, match="cannot read it"):
            load(tmp_path / name)
    path = config(tmp_path, [rule("z"), {"include": "pipe.yaml"}], {})
    assert any("pipe.yaml:1:1: cannot read it: it is not a file" in problem for problem in told(path))


def test_the_order_can_be_seen(tmp_path: Path) -> None:
    path = config(tmp_path, [rule("a"), {"include": "b.yaml"}], {"b.yaml": text("b")})
    done = command("config", "show", str(path), "--env", "ti")
    assert done.returncode == 0
    lines = [line.replace(f"{tmp_path}/", "") for line in done.stdout.splitlines()[1:]]
    assert lines[2:] == ["   2  b: /b  [b.yaml:2:5]", '        "anyone"']
    assert lines[0].startswith("   1  a: /a  [config.yaml:")
    as_json = command("config", "show", str(path), "--env", "ti", "--json")
    assert '"require": [\n        "anyone"' in as_json.stdout


@pytest.mark.parametrize("pattern", [".", "./", "rules/**a.yaml", "rules/***", "../a.yaml", "/a.yaml", ""])
def test_what_is_no_pattern_of_files(tmp_path: Path, pattern: str) -> None:
    path = config(tmp_path, [rule("a"), {"include": pattern}], {"rules/a.yaml": text("b")})
    assert any("write a file or a pattern below this folder" in each for each in told(path))
    assert included_by(path) == ()


def test_what_is_watched_is_what_fits_the_patterns_now(tmp_path: Path) -> None:
    path = config(tmp_path, [{"include": "rules/*/*"}], {"rules/a/a.yaml": text("a")})
    watched = load(path).watched
    assert included_by(path) == (Pattern(tmp_path.resolve(), "rules/*/*"),)
    assert set(included_by(path)) <= set(watched)
    (tmp_path / "rules/b").mkdir()
    (tmp_path / "rules/b/b.rules").write_text(text("b"))
    assert tmp_path / "rules/b/b.rules" in [file for each in included_by(path) for file in each.files()]
    path.write_text("rules: [{include: 'later/*.yaml'}\n")
    assert included_by(path) == ()
    path.write_text("rules: [{include: 'later/*.yaml'}, {include: 1}, 2]\n")
    assert included_by(path) == (Pattern(tmp_path.resolve(), "later/*.yaml"),)


def test_why_no_rule_is_left_is_told_alone(tmp_path: Path) -> None:
    path = config(tmp_path, [{"include": "no.yaml"}, {"include": "more/*.yaml"}], {})
    assert len(told(path)) == 2
    assert all("there is no file" in each for each in told(path))
    path = config(tmp_path, [{"include": "a.yaml"}], {"a.yaml": "rules: []\n"})
    (problem,) = told(path)
    assert problem.endswith("the files that are included here have no rules")


def test_a_file_that_is_included_twice_is_told_once(tmp_path: Path) -> None:
    files = {"rules/a.yaml": text("a1", "a2"), "b.yaml": "rules:\n  - include: rules/a.yaml\n"}
    path = config(tmp_path, [{"include": "rules/*.yaml"}, {"include": "b.yaml"}], files)
    line = _line(path, "include: rules/*.yaml")
    assert told(path) == [f"b.yaml:2:14: rules/a.yaml is included twice, first at config.yaml:{line}"]
    (tmp_path / "rules/b.yaml").symlink_to("a.yaml")
    path = config(tmp_path, [{"include": "rules/*.yaml"}], {})
    (problem,) = told(path)
    assert "rules/b.yaml is included twice, first at line" in problem
    assert problem.endswith("as rules/a.yaml")


def test_environments_may_each_include_a_file(tmp_path: Path) -> None:
    all_of = environments(tmp_path)
    (tmp_path / "a.yaml").write_text(text("a1"))
    for name in ("ti", "prd"):
        all_of[name]["rules"] = {"before": [{"include": "a.yaml"}]}
    assert ids(write_config(tmp_path, all_of, rules=[rule("z")]))["prd"] == ["a1", "z"]
    del all_of["prd"]["rules"]
    (problem,) = told(write_config(tmp_path, all_of, rules=[{"include": "a.yaml"}]))
    words = (
        "the rule 'a1' is there twice: its file is included in `environments.ti.rules.before` and in `rules`"
    )
    assert problem == f"a.yaml:2:10: {words}"
