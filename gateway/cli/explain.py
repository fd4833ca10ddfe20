"""`gateway policy explain`: how a request would be decided, and why."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer
from pydantic import ValidationError

from gateway.analysis.explain import Reading, as_data, as_text
from gateway.analysis.person import Person
from gateway.cli.closures import closed_emergencies, maintenance_data, maintenance_met, maintenance_words
from gateway.cli.loading import EMERGENCY, load_or_exit
from gateway.cli.options import CONFIG, ENV_OR_TI, JSON
from gateway.config import Config, EnvironmentSettings
from gateway.config.messages import message_for
from gateway.config.problems import unknown
from gateway.edge.authority import Authorities
from gateway.edge.client import parse_address
from gateway.edge.path import is_own, path_of
from gateway.edge.readings import PathReader, openings_for
from gateway.endpoints.robots import for_robots
from gateway.errors import BadRequest
from gateway.http_semantics import METHODS
from gateway.model import DecisionInput, Doubt, Identity
from gateway.plugin import UnknownName
from gateway.policy.advice import advise
from gateway.policy.assumed import assumed_answers
from gateway.policy.evaluate import decide
from gateway.policy.maintenance import Current
from gateway.policy.moments import read_moment
from gateway.policy.ruleset import RuleSet

_DEFAULT: Final = "ti"


def explain(
    method: Annotated[str, typer.Argument(help="GET, POST, ...")],
    path: Annotated[str, typer.Argument(help="The path as in the address: /meldingen/1")],
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
    env: Annotated[str | None, ENV_OR_TI] = None,
    as_: Annotated[
        str | None,
        typer.Option(
            "--as",
            help="A name under people:, or a JSON file that describes a person. Default: nobody.",
        ),
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="The time of the request, in Brussels: 2026-11-24T08:30. Default: now.")
    ] = None,
    client: Annotated[
        str, typer.Option(help="The network address that the request comes from.")
    ] = "127.0.0.1",
    host: Annotated[
        str | None, typer.Option(help="The host name of the request. Default: that of public_url.")
    ] = None,
    websocket: Annotated[bool, typer.Option("--websocket", help="The request opens a WebSocket.")] = False,
    emergency: Annotated[list[str] | None, EMERGENCY] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Show how a request would be decided: every rule that is tried, the verdict of each policy, and what is missing.

    Examples:
        gateway policy explain GET /meldingen/1
        gateway policy explain POST /api/v1/meldingen --env prd --as submitter
        gateway policy explain GET / --as person.json --at 2026-11-24T08:30 --client 192.0.2.1

    Exit codes:
        0: explained, whether the request is allowed or refused
        1: the configuration does not load, or the gateway answers this request itself, before any rule
        2: wrong arguments, also a person who is neither a file nor a name under people:

    JSON:
        An object: `allowed`, `outcome`, `rule`, `reason`, `error`, `location`, `handling`, `variables`; `readings` and `openings` of
        the path; `missing`, `plans` and `obstacles` for somebody who is refused; `rules`, each that was tried; `supposed`, the
        answers that were assumed of other systems; `maintenance` and `closed_emergencies`, which stand in the way or could open.
    """
    found = load_or_exit(config, env or _DEFAULT, emergency=emergency)
    env = _spoken_of(found, env)
    settings = found.environment(env)
    client = _address(client)
    segments, doubt = _read(path, found, env)
    decision_input = DecisionInput(
        method=_method(method, settings, websocket=websocket),
        host=_host(host, settings),
        path="/" + "/".join(segments),
        segments=segments,
        client=client,
        now=_moment(at),
        identity=_identity(as_, found, env),
        doubt=doubt,
        websocket=websocket,
    )
    reading = Reading(
        tuple(each.path for each in decision_input.readings()),
        tuple(openings_for(path_of(path.encode()))),
        settings.paths.names,
    )
    _refuse_own(decision_input, found.rules[env])
    met = _maintenance(found, env, decision_input)
    _print(found.rules[env], decision_input, reading, met, as_json)


def _spoken_of(found: Config, env: str | None) -> str:
    """The environment. It is said which one, where nobody named any and there are several."""
    if env is None and len(found.environments) > 1:
        typer.echo(f"of {_DEFAULT}; --env names one of: {', '.join(found.environments)}", err=True)
    return env or _DEFAULT


def _print(
    rules: RuleSet, decision_input: DecisionInput, reading: Reading, met: Current | None, as_json: bool
) -> None:
    facts = assumed_answers(rules, decision_input)
    decision_input = decision_input._replace(facts=facts)
    decision = decide(rules, decision_input, trace=True)
    advice = advise(rules, decision_input, decision)
    if as_json:
        data: dict[str, Any] = {
            **as_data(decision, reading, advice),
            "supposed": facts,
            "maintenance": maintenance_data(met),
            "closed_emergencies": closed_emergencies(rules, decision_input),
        }
        typer.echo(json.dumps(data, indent=2, ensure_ascii=False))
        return
    if met is not None:
        typer.echo(maintenance_words(met))
    typer.echo(as_text(decision, rules, reading, advice), nl=False)
    for name, answer in facts.items():
        typer.echo(f"assumed, because only live requests ask for it: {name} answers {json.dumps(answer)}")
    for name in closed_emergencies(rules, decision_input):
        typer.echo(f"the emergency rule {name!r} would decide this if it were open: --emergency {name}")


def _maintenance(config: Config, env: str, decision_input: DecisionInput) -> Current | None:
    try:
        return maintenance_met(config, env, decision_input)
    except ValueError as problem:
        typer.echo(f"whether there is maintenance is not known: {problem}", err=True)
        return None


def _read(path: str, config: Config, env: str) -> tuple[tuple[str, ...], Doubt | None]:
    try:
        reader = PathReader(config.environment(env).paths, lambda: config.rules[env].opens_paths)
        return reader.read(path_of(path.encode()))
    except BadRequest as problem:
        _refuse(f"the gateway refuses this path before any rule (400): {problem.detail}")


def _method(text: str, settings: EnvironmentSettings, *, websocket: bool) -> str:
    method, accepted = text.upper(), (*METHODS, *settings.edge.methods)
    if method not in accepted:
        _refuse(
            f"the gateway refuses the method {method!r} before any rule: it accepts {', '.join(accepted)}"
        )
    if websocket and method != "GET":
        _refuse(
            f"the gateway refuses this before any rule: a WebSocket is opened with GET, not with {method}"
        )
    return method


def _host(text: str | None, settings: EnvironmentSettings) -> str:
    names = Authorities(settings.public_url, settings.edge.hosts)
    try:
        return names.canonical([text.encode()]) if text else names.public
    except BadRequest:
        known = ", ".join(sorted(names.names))
        _refuse(f"the gateway refuses the host {text!r} before any rule (400): this environment has {known}")


def _refuse_own(asked: DecisionInput, rules: RuleSet) -> None:
    if any(is_own(each.segments) for each in asked.readings()) or for_robots(rules, asked):
        _refuse(f"the gateway itself answers {asked.path}, whatever the rules say")


def _refuse(words: str) -> NoReturn:
    typer.echo(words, err=True)
    raise typer.Exit(1)


def _moment(text: str | None) -> float:
    if text is None:
        return time.time()
    try:
        moment: datetime = read_moment(text)
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint="--at") from problem
    return moment.timestamp()


def _address(text: str) -> str:
    address = parse_address(text)
    if address is None:
        raise typer.BadParameter(f"{text!r} is not a network address", param_hint="--client")
    return str(address)


def _identity(who: str | None, config: Config, env: str) -> Identity | None:
    if who is None:
        return None
    try:
        named = config.people.get(who)
        person = named or Person.model_validate(json.loads(Path(who).read_text("utf-8")))
        section, issuer = config.identity, config.environment(env).provider.issuer
        return person.identity(config.rights, issuer, section.claims, section.rights)
    except UnknownName as problem:
        words = unknown(problem.what, problem.name, problem.known)
    except ValidationError as problem:
        words = "; ".join(
            f"{'.'.join(map(str, error['loc']))}: {message_for(error, Person)}" for error in problem.errors()
        )
    except json.JSONDecodeError as problem:
        words = f"line {problem.lineno}, column {problem.colno}: {problem.msg}"
    except (UnicodeDecodeError, RecursionError):
        words = "this is not JSON in UTF-8"
    except OSError as problem:
        words = str(problem.strerror)
        if "." not in who and "/" not in who:
            words = f"neither a file nor a name under people: {unknown('person', who, config.people)}"
    typer.echo(f"{who}: {words}", err=True)
    raise typer.Exit(2)
