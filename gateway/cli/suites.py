"""`gateway policy test`: runs the tests and invariants of the rule file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated
from xml.etree import ElementTree

import typer

from gateway.analysis.suite import Outcome, run, unexercised
from gateway.cli.loading import EMERGENCY, loaded, problems_printed, try_plugins

_NOT_LOADED = 3
_FAILED = 4


def test(
    config: Annotated[Path, typer.Option(help="The configuration file.")] = Path("config.yaml"),
    env: Annotated[str | None, typer.Option(help="One environment. Default: all.")] = None,
    emergency: Annotated[list[str] | None, EMERGENCY] = None,
    junit: Annotated[Path | None, typer.Option(help="Also write a JUnit report to this file.")] = None,
) -> None:
    """Run the tests and invariants of the rule file.

    Exit codes: 0 all hold, 3 the file does not load, 4 one fails.
    """
    found = loaded(config, env, code=_NOT_LOADED, emergency=emergency)
    names = [env] if env is not None else list(found.environments)
    with problems_printed(code=_NOT_LOADED):
        for name in names:
            try_plugins(config, name)
    outcomes = {name: tuple(run(found.rules[name], found.suites[name])) for name in names}
    for name in names:
        for outcome in outcomes[name]:
            if outcome.failure is not None:
                file, line, column = outcome.where
                words = f"{outcome.kind} {outcome.title!r} failed in {name}: {outcome.failure}"
                typer.echo(f"{file}:{line}:{column}: {words}", err=True)
    for name in names:
        typer.echo(_summary(name, outcomes[name]))
        for rule in unexercised(found.rules[name], outcomes[name]):
            typer.echo(f"  rule {rule!r} has no test")
    if junit is not None:
        _write(junit, outcomes)
    if any(outcome.failure is not None for each in outcomes.values() for outcome in each):
        raise typer.Exit(_FAILED)


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
    try:
        ElementTree.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)
    except OSError as problem:
        typer.echo(f"cannot write {file}: {problem.strerror}", err=True)
        raise typer.Exit(2) from problem
