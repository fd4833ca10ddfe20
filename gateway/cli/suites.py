"""`gateway policy test`: runs the tests and invariants of the rule file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any
from xml.etree import ElementTree

import typer

from gateway.analysis.suite import Outcome, run, unexercised
from gateway.cli.completion import environments
from gateway.cli.loading import EMERGENCY, load_or_exit, problems_printed, try_plugins
from gateway.cli.options import CONFIG, JSON
from gateway.cli.output import write_file

_NOT_LOADED = 3
_FAILED = 4


def test(
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
    env: Annotated[
        str | None, typer.Option(help="One environment. Default: all.", autocompletion=environments)
    ] = None,
    emergency: Annotated[list[str] | None, EMERGENCY] = None,
    junit: Annotated[
        Path | None, typer.Option(help="Also write a JUnit report to this file.", readable=False)
    ] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Run the tests and invariants of the rule file.

    Examples:
        gateway policy test
        gateway policy test --config new.yaml --env prd --junit report.xml

    Exit codes:
        0: all hold
        2: wrong arguments, or the report cannot be written
        3: the file does not load, or has no such environment
        4: a test or an invariant fails

    JSON:
        An object by environment: `tests`, `never`, `failed` (each with `kind`, `title`, `file`, `line`, `column`, `failure`) and
        `rules_without_test`.
    """
    found = load_or_exit(config, env, code=_NOT_LOADED, emergency=emergency)
    names = [env] if env is not None else list(found.environments)
    with problems_printed(code=_NOT_LOADED):
        for name in names:
            try_plugins(config, name)
    outcomes = {name: tuple(run(found.rules[name], found.suites[name])) for name in names}
    untested = {name: tuple(unexercised(found.rules[name], outcomes[name])) for name in names}
    if as_json:
        data = {name: _data(outcomes[name], untested[name]) for name in names}
        typer.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        _print(outcomes, untested)
    if junit is not None:
        _write(junit, outcomes)
    if any(outcome.failure is not None for each in outcomes.values() for outcome in each):
        raise typer.Exit(_FAILED)


def _print(outcomes: Mapping[str, Sequence[Outcome]], untested: Mapping[str, Sequence[str]]) -> None:
    for name, each in outcomes.items():
        for outcome in each:
            if outcome.failure is not None:
                file, line, column = outcome.where
                words = f"{outcome.kind} {outcome.title!r} failed in {name}: {outcome.failure}"
                typer.echo(f"{file}:{line}:{column}: {words}", err=True)
    for name, each in outcomes.items():
        typer.echo(_summary(name, each))
        for rule in untested[name]:
            typer.echo(f"  rule {rule!r} has no test")


def _data(outcomes: Sequence[Outcome], untested: Sequence[str]) -> Mapping[str, Any]:
    tests = sum(outcome.kind == "test" for outcome in outcomes)
    failed = [
        {
            "kind": each.kind,
            "title": each.title,
            **dict(zip(("file", "line", "column"), each.where, strict=True)),
            "failure": each.failure,
        }
        for each in outcomes
        if each.failure is not None
    ]
    return {
        "tests": tests,
        "never": len(outcomes) - tests,
        "failed": failed,
        "rules_without_test": list(untested),
    }


def _summary(environment: str, outcomes: Sequence[Outcome]) -> str:
    tests = sum(outcome.kind == "test" for outcome in outcomes)
    failed = sum(outcome.failure is not None for outcome in outcomes)
    verdict = f"{failed} failed" if failed else "all hold"
    return f"{environment}: {tests} tests and {len(outcomes) - tests} never, {verdict}"


def _write(file: Path, outcomes: Mapping[str, Sequence[Outcome]]) -> None:
    root = ElementTree.Element("testsuites", name="gateway policy test")
    for name, each in outcomes.items():
        failed = sum(outcome.failure is not None for outcome in each)
        suite = ElementTree.SubElement(
            root, "testsuite", name=name, tests=str(len(each)), failures=str(failed), errors="0"
        )
        for outcome in each:
            path, line, _ = outcome.where
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=f"{name}.{outcome.kind}",
                name=outcome.title,
                file=path,
                line=str(line),
            )
            if outcome.failure is not None:
                ElementTree.SubElement(case, "failure", message=outcome.failure).text = f"{path}:{line}"
    ElementTree.indent(root)
    write_file(file, ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
