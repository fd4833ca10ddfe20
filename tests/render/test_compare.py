"""Only what an engine reads counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import Config
from gateway.render.compare import config_differences
from gateway.render.files import Engine, Part
from tests.render.place import FILES_OF, configuration, text


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return configuration(tmp_path_factory.mktemp("render"))


@pytest.mark.parametrize(("engine", "part"), FILES_OF)
def test_comments_and_blanks_do_not_count(config: Config, engine: Engine, part: Part) -> None:
    found = text(config, engine, part)
    mark = "--" if part == "lua" else "#"
    changed = "\n".join(
        f"{line}   {mark} a note\n\n{mark} more"
        for line in found.splitlines()
        if not line.strip().startswith(mark)
    )
    if engine not in ("envoy", "traefik"):
        changed = changed.replace("    ", "\t").replace("\n", "\r\n")
    assert config_differences(found, changed, engine, part, "f") == []


@pytest.mark.parametrize(("engine", "part"), FILES_OF)
def test_each_line_counts(config: Config, engine: Engine, part: Part) -> None:
    found = text(config, engine, part)
    lines = found.splitlines()
    mark = "--" if part == "lua" else "#"
    for number, line in list(enumerate(lines))[:: 12 if engine not in ("envoy", "traefik") else 60]:
        if line.strip() and not line.strip().startswith(mark):
            without = "\n".join([*lines[:number], *lines[number + 1 :]])
            assert config_differences(found, without, engine, part, "f"), line


@pytest.mark.parametrize(
    ("engine", "before", "after"),
    [
        ("nginx", 'a "x  y";', 'a "x y";'),
        ("nginx", "a '# b';", "a '';"),
        ("nginx", "a b#c;", "a b;"),
        ("haproxy", "a 'x  y'z", "a 'x y'z"),
        ("haproxy", "a b\\ #c", "a b\\"),
        ("caddy", "a `x  y`", "a `x y`"),
        ("caddy", "a\nb", "a b"),
        ("envoy", "a:\n  b: 1\n  c: 2", "a:\n  b: 1\nc: 2"),
        ("envoy", 'a: "x  y"', 'a: "x y"'),
        ("traefik", "- a\n- b", "- b\n- a"),
    ],
)
def test_what_only_looks_like_blanks_and_comments(engine: Engine, before: str, after: str) -> None:
    assert config_differences(before, after, engine, "main", "f")


def test_yaml_in_another_form_is_the_same() -> None:
    assert config_differences("a: {b: 1, c: [2]}", "a:\n  c:\n  - 2\n  b: 1\n", "envoy", "main", "f") == []
    assert config_differences("a: {b: 1}", "a: {b", "envoy", "main", "f")


def test_a_report_says_what_each_line_is_for(tmp_path: Path, config: Config) -> None:
    found = text(config, "nginx")
    name = "proxy_set_header X-Auth-Rights $tgp_ti_to_x_auth_rights;"
    assert name in found
    edited = found.replace(name, "proxy_set_header X-Auth-Rights beheerder;")
    report = "\n".join(config_differences(found, edited, "nginx", "main", "site.conf"))
    assert f"-{name}" in report
    assert f"missing: {name}   (who asks, as the gateway says it)" in report
    number = edited.splitlines().index("        proxy_set_header X-Auth-Rights beheerder;") + 1
    assert f"site.conf:{number}: not from config.yaml: proxy_set_header X-Auth-Rights beheerder;" in report


def test_the_same_lines_in_another_order() -> None:
    report = config_differences("a;\nb;", "b;\na;", "nginx", "main", "f")
    assert report[-1] == "The lines are the same, in another order or nesting."


@pytest.mark.parametrize("opening", ["--[[", "--[==["])
def test_lines_of_lua_do_not_hide_in_a_long_comment(config: Config, opening: str) -> None:
    found = text(config, "haproxy", "lua")
    lines = found.split("\n")
    middle = len(lines) // 2
    hidden = "\n".join([*lines[:middle], opening, *lines[middle:], opening.replace("[", "]")])
    assert config_differences(found, hidden, "haproxy", "lua", "f")


def test_a_sign_that_only_looks_like_a_blank_counts(config: Config) -> None:
    found = text(config, "nginx")
    for blank in ("\N{NO-BREAK SPACE}", "\N{LINE SEPARATOR}", "\v"):
        report = config_differences(
            found, found.replace("server_tokens off", f"server_tokens{blank}off"), "nginx", "main", "f"
        )
        assert "missing: server_tokens off;" in "\n".join(report)


@pytest.mark.parametrize(
    ("engine", "part", "hidden"),
    [
        ("haproxy", "lua", "-- a note\rdo return end\r-- more"),
        ("haproxy", "main", "# a note\r# more"),
        ("envoy", "main", "# a note\rx: 1\r# more"),
        *(("traefik", "main", f"# a note{end}x: 1{end}# more") for end in "\r\x85\u2028\u2029"),
        ("traefik", "main", '# {{ "\\n" }}x: 1'),
        ("caddy", "main", "# {$NOTE}"),
    ],
)
def test_a_comment_that_the_engine_reads_counts(
    config: Config, engine: Engine, part: Part, hidden: str
) -> None:
    found = text(config, engine, part)
    assert config_differences(found, f"{hidden}\n{found}", engine, part, "f")


def test_a_carriage_return_within_a_line_is_no_blank() -> None:
    """Caddy passes over it, so that two words become one."""
    found = "request_header X-Auth-Rights beheerder"
    assert config_differences(found, found.replace(" b", "\rb"), "caddy", "main", "f")
    assert config_differences(found, f"{found}\r\n", "caddy", "main", "f") == []


@pytest.mark.parametrize("value", ["2001-99-99", '!!int ""', "!!timestamp x", "[" * 600], ids=str)
def test_yaml_that_cannot_be_read_differs(config: Config, value: str) -> None:
    found = text(config, "envoy")
    assert config_differences(found, f"{found}\nx: {value}\n", "envoy", "main", "f")


def test_another_file_is_not_compared_line_by_line(config: Config) -> None:
    report = config_differences(text(config, "nginx"), "a;\n" * 20_000, "nginx", "main", "f")
    assert len(report) == 1
    assert "is another file: it has 20000 lines" in report[0]
