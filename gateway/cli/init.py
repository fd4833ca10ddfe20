"""`gateway init`: writes the first configuration of a deployment, with keys, and checks it."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.cli.doctor import doctor
from gateway.cli.exit import NOT_CONFIRMED, NOT_DONE, WRONG, stop
from gateway.cli.keys import generate
from gateway.cli.starter import ISSUERS, Answers, Layout, starter
from gateway.config import ConfigError
from gateway.config.lint import findings
from gateway.files.reason import reason

_NAME: Final = re.compile(r"[a-z][a-z0-9]{0,15}")
_RIGHT: Final = re.compile(r"[A-Za-z0-9_]+-[A-Za-z0-9_]+")
_PLAIN: Final = re.compile(r"[^\s\"'{}\[\],#&*!|>%@`]+")
_PUBLIC_URL = typer.Option(help="The address that people see: https://register.example.be")
_ISSUER = typer.Option(help="ACM. Default: the ACM of T&I for ti, that of production for prd.")
_UPSTREAM = typer.Option(help="The register, as the gateway reaches it: http://10.0.0.5:8080")
_STORE = typer.Option(help="Where sessions are kept. Default: sqlite:STATE/ENV.db")
_STATE = typer.Option(
    help="The folder for what the gateway writes: sessions, records, blocks. Default: var beside the configuration."
)
_LAYOUT = typer.Option(help="one: config.yaml. files: ENV.yaml for each environment, with shared rules.")
_DOCTOR = typer.Option("--doctor/--no-doctor", help="Whether to ask ACM and the register already.")


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write it.", readable=False)] = Path(),
    env: Annotated[str, typer.Option(help="The name of the environment: ti or prd.")] = "ti",
    public_url: Annotated[str | None, _PUBLIC_URL] = None,
    issuer: Annotated[str | None, _ISSUER] = None,
    client_id: Annotated[str | None, typer.Option(help="The id of the client at ACM.")] = None,
    upstream: Annotated[str | None, _UPSTREAM] = None,
    right: Annotated[
        str | None,
        typer.Option(help="The right that lets people in, as RIGHT-CONTEXT; '' for everybody who logs in."),
    ] = None,
    store: Annotated[str | None, _STORE] = None,
    state: Annotated[str, _STATE] = "var",
    listen: Annotated[str, typer.Option(help="Where the gateway listens, as HOST:PORT.")] = "127.0.0.1:8000",
    observe: Annotated[
        str, typer.Option(help="Where operators ask for health and metrics.")
    ] = "127.0.0.1:8001",
    proxy: Annotated[
        list[str] | None, typer.Option(help="A proxy in front of the gateway; may be given several times.")
    ] = None,
    layout: Annotated[Layout, _LAYOUT] = "one",
    with_doctor: Annotated[bool, _DOCTOR] = True,
) -> None:
    """Write the first configuration of a deployment, with comments, a first rule, a test and keys, and check it.

    Asks for what the options don't say, where there is a terminal. Never overwrites anything. A second environment goes into the
    same folder with `--layout files`: it shares the rules of the first.

    Examples:
        gateway init
        gateway init /etc/toegangspoort --env prd --public-url https://register.example.be --client-id 5b0c3a52 --upstream http://10.0.0.5:8080 --right OVAMGebruiker-NonConformiteitenIndiener
        gateway init conf --layout files --env ti --public-url https://register-ti.example.be --client-id 5b0c3a51 --upstream http://10.0.0.4:8080 --right "" --no-doctor

    Exit codes:
        0: written, and nothing that was checked failed
        1: nothing was written, because a file is there already or cannot be written
        3: written, but the checks of `gateway doctor` find what must still be done
    """
    if not _NAME.fullmatch(env):
        stop(f"{env!r} is no name for an environment: write ti or prd")
    asked = _Questions()
    state = asked.value("--state", "", state)
    answers = Answers(
        env,
        asked.value("--public-url", "The address that people see", public_url),
        issuer or ISSUERS.get(env) or asked.value("--issuer", "ACM (issuer)", None),
        asked.value("--client-id", "The id of the client at ACM", client_id),
        asked.value("--upstream", "The register, as the gateway reaches it", upstream),
        store or f"sqlite:{state}/{env}.db",
        listen,
        observe,
        asked.value(
            "--right", "The right that lets people in (RIGHT-CONTEXT; empty: everybody)", right, empty=True
        ),
        tuple(proxy or ()),
        state,
    )
    asked.finish()
    _carry_out(folder, answers, layout, with_doctor=with_doctor)


def _carry_out(folder: Path, answers: Answers, layout: Layout, *, with_doctor: bool) -> None:
    if answers.right and not _RIGHT.fullmatch(answers.right):
        stop(f"{answers.right!r} is not RIGHT-CONTEXT, such as OVAMGebruiker-NonConformiteitenIndiener")
    made = _written(folder, starter(answers, layout))
    config = made[0]
    _checked(config, made)
    generate(answers.env, config)
    _next_steps(config, answers)
    if with_doctor:
        _examined(config, answers.env)


class _Questions:
    """Asks for what no option says; without a terminal it collects the names of the options."""

    def __init__(self) -> None:
        self._missing: list[str] = []

    def value(self, option: str, question: str, given: str | None, *, empty: bool = False) -> str:
        """What was given or typed."""
        if given is None and not _terminal():
            self._missing.append(option)
            return ""
        if given is None:
            given = typer.prompt(question, default="" if empty else None, show_default=False, err=True)
        given = given.strip()
        if given and not _PLAIN.fullmatch(given):
            stop(f"{option}: {given!r} contains a character that cannot be part of it")
        return given

    def finish(self) -> None:
        """Ends the command where something is missing."""
        if self._missing:
            stop(f"there is no terminal to ask in: give {', '.join(self._missing)}", WRONG)


def _terminal() -> bool:
    return sys.stdin.isatty()


def _written(folder: Path, contents: dict[str, str]) -> list[Path]:
    """Write the files; shared rules that are there already stay. Ends the command where any other is there."""
    config, *shared = (folder / name for name in contents)
    if config.exists():
        stop(f"{config} is there already. NOTHING WAS WRITTEN.", NOT_DONE)
    kept = [path for path in shared if any(path.parent.glob("*.yaml"))]
    made: list[Path] = []
    try:
        for path, text in zip((config, *shared), contents.values(), strict=True):
            if path in kept:
                typer.echo(f"kept  the rules in {path.parent}")
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                made.append(path)
                file.write(text)
    except OSError as problem:
        _take_away(made)
        stop(f"cannot write {path}: {reason(problem)}. NOTHING WAS WRITTEN.", NOT_DONE)
    return made


def _take_away(made: Sequence[Path]) -> None:
    for path in made:
        path.unlink()
        # Not where something else is, or where another may not be removed.
        with contextlib.suppress(OSError):
            path.parent.rmdir()


def _checked(config: Path, made: Sequence[Path]) -> None:
    try:
        _, found = findings(config)
    except ConfigError as problems:
        _take_away(made)
        words = "\n".join(str(each) for each in problems.problems)
        stop(f"{words}\nOne of your answers cannot be used. NOTHING WAS WRITTEN.", NOT_DONE)
    for path in made:
        typer.echo(f"made  {path}")
    for each in found:
        typer.echo(f"{':'.join(map(str, each.at))}: warning: {each.message} [{each.code}]", err=True)


def _next_steps(config: Path, answers: Answers) -> None:
    key = config.parent / "secrets" / answers.env / "client.jwks.json"
    for line in (
        "Next:",
        f"  1. Give ACM {key} and the redirect URI {answers.public_url}/oauth2/callback.",
        f"  2. Write your rules in {config}, and check them: gateway config validate --strict {config}",
        f"  3. gateway policy test --config {config}",
        f"  4. gateway doctor --env {answers.env} --config {config}",
        f"  5. gateway serve --env {answers.env} --config {config}",
        "Keep the folder secrets out of version control.",
    ):
        typer.echo(line)


def _examined(config: Path, env: str) -> None:
    _run_doctor: Callable[..., None] = doctor
    try:
        _run_doctor(config=config, env=env)
    except typer.Exit as end:
        if end.exit_code:
            stop("Written, but not all is as it must be: see FAILED above.", NOT_CONFIRMED)
