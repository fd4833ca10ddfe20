"""Problems in the order of the file, and the nearest known name."""

from __future__ import annotations

from gateway.config.problems import ConfigError, Problem, unknown


def test_each_problem_once_in_the_order_of_the_file() -> None:
    first, second = Problem("a.yaml", 2, 1, "x"), Problem("a.yaml", 10, 1, "y")
    assert str(ConfigError([second, first, second])) == "a.yaml:2:1: x\na.yaml:10:1: y"


def test_unknown_names() -> None:
    assert (
        unknown("key", "pth", ["path", "regex"])
        == "unknown key 'pth'; did you mean 'path'? (known: path, regex)"
    )
    assert unknown("key", "zzz", ["path"]) == "unknown key 'zzz' (known: path)"
    assert unknown("key", "zzz", map(str, range(99))) == "unknown key 'zzz'"
