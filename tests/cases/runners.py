"""Which test runs which cases, and which fields of them it checks.

A runner is a test with the parameter `case` and the mark `runs(RUNNER, ...)`: it gets one item per case. With
`--cases=DIR` the cases come from the files in DIR and nothing else is run. Cases that no runner takes, and fields that
their runner doesn't check, are failures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.cases.load import load

# Prose for people, and the name.
PROSE = frozenset(("id", "cls", "why", "refs"))
Case = Mapping[str, Any]


@dataclass(frozen=True)
class Runner:
    """The cases of one file; where the file has several kinds, of these kinds.

    `refresh` picks those whose mutation is (or isn't) about refreshing a session.
    """

    file: str
    kinds: frozenset[str] | None = None
    refresh: bool | None = None

    def takes(self, file: str, case: Case) -> bool:
        return (
            file == self.file
            and (self.kinds is None or case.get("kind") in self.kinds)
            and (self.refresh is None or self.refresh is ("refresh" in case.get("mutation", {})))
        )


def _token(*kinds: str, refresh: bool | None = None) -> Runner:
    return Runner("token-cases.json", frozenset(kinds), refresh)


CONFIG = Runner("config-cases.json")
HEADER = Runner("header-cases.json")
HTTP1 = Runner("http1-cases.json")
PATH = Runner("path-cases.json")
REDIRECT = Runner("redirect-cases.json")
SESSION = Runner("session-cases.json")
UPSTREAM = Runner("upstream-cases.json")
WEBSOCKET = Runner("ws-cases.json")
ID_TOKEN = _token("id_token")
CALLBACK = _token("callback")
ANSWERS = _token("token_response", "userinfo", "discovery", "jwks", refresh=False)
REFRESH = _token("token_response", refresh=True)
ROTATION = _token("rotation")
LOGOUT_TOKEN = _token("logout_token")
LOGOUT = _token("logout")
RUNNERS = (
    CONFIG, HEADER, HTTP1, PATH, REDIRECT, SESSION, UPSTREAM, WEBSOCKET,
    ID_TOKEN, CALLBACK, ANSWERS, REFRESH, ROTATION, LOGOUT_TOKEN, LOGOUT,
)  # fmt: skip


def runs(runner: Runner, *, fields: Iterable[str], **nested: Iterable[str]) -> pytest.MarkDecorator:
    """Marks the test that runs the cases of a runner.

    `fields` are the fields that it checks; `nested` those inside a field that holds an object, by its name.
    """
    checked = {name: frozenset(names) for name, names in nested.items()}
    return pytest.mark.runs_cases(runner, frozenset(fields) | checked.keys(), checked)


def unchecked(case: Case, fields: frozenset[str], nested: Mapping[str, frozenset[str]]) -> list[str]:
    """The fields of a case that its runner doesn't check."""
    found = [name for name in case if name not in fields | PROSE]
    for name, names in nested.items():
        inside = case.get(name)
        found += [
            f"{name}.{each}" for each in (inside if isinstance(inside, dict) else ()) if each not in names
        ]
    return sorted(found)


def cases_in(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """(file, case) for each case of the folder."""
    return [(path.name, case) for path in sorted(folder.glob("*-cases.json")) for case in load(path)]


def cases_of(runner: Runner, folder: Path) -> list[dict[str, Any]]:
    return [case for file, case in cases_in(folder) if runner.takes(file, case)]


def cases_of_nobody(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """The cases that no runner takes."""
    return [
        (file, case)
        for file, case in cases_in(folder)
        if not any(runner.takes(file, case) for runner in RUNNERS)
    ]


T = TypeVar("T")


def meaning(table: Mapping[str, T], word: str) -> T:
    """What a word of a case stands for; fails where the runner doesn't have it."""
    if word not in table:
        pytest.fail(f"no runner for {word!r} in a case", pytrace=False)
    return table[word]


def no_runner(case: Case) -> None:
    """Fail: nothing runs this case."""
    pytest.fail(f"no runner for this case: {case['id']}", pytrace=False)
