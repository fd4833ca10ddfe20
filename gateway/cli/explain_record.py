"""`gateway explain REFERENCE`: why a request was answered as it was, what today's rules say, and the page that was shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.analysis.explain import Reading, as_data, as_text
from gateway.cli.chosen_environment import ChosenEnvironment
from gateway.cli.exit import NOT_DONE, stop
from gateway.cli.moments import BRUSSELS, Zone, moment_text, zone_of
from gateway.cli.options import CONFIG, JSON
from gateway.cli.output import write_file
from gateway.cli.page_text import page_text
from gateway.cli.record_files import UNREADABLE, RecordFiles, record_files, unreadable
from gateway.cli.shown_page import Shown, shown_page
from gateway.config.rule_archive import NotArchived, RuleArchive
from gateway.key_files.keyring import SHOWN
from gateway.model import DecisionInput
from gateway.observe.chain import ChainKey
from gateway.observe.decision_record import NO_RULE, decision_input, not_replayable, replayable
from gateway.observe.masking import NATIONAL_NUMBER
from gateway.observe.record_search import Query, Search
from gateway.policy.advice import advise
from gateway.policy.assumed import assumed_answers
from gateway.policy.evaluate import decide
from gateway.policy.ruleset import RuleSet
from gateway.reference import reference_of


@dataclass(frozen=True, slots=True)
class Judged:
    """What rules say of a recorded request; `why_not` where they cannot be asked. `supposed`: answers nobody recorded."""

    rules: RuleSet | None = None
    decision: Any = None
    advice: Any = None
    reading: Reading | None = None
    supposed: Mapping[str, Any] | None = None
    why_not: str = ""

    def text(self) -> str:
        """For a terminal."""
        if self.rules is None:
            return f"{self.why_not}\n"
        text = as_text(self.decision, self.rules, self.reading, self.advice)
        for name, answer in (self.supposed or {}).items():
            text += f"assumed, because the record has no answer: {name} answers {json.dumps(answer)}\n"
        return text

    def data(self) -> dict[str, Any]:
        """As plain data."""
        if self.rules is None:
            return {"why_not": self.why_not}
        return {
            "rule_set": self.rules.hash,
            **as_data(self.decision, self.reading, self.advice),
            "supposed": dict(self.supposed or {}),
        }


def explain_record(
    reference: Annotated[
        str, typer.Argument(help="The reference on the page, such as 4C25-38B9, or the id of the request.")
    ],
    records: Annotated[
        list[str] | None,
        typer.Option("--records", help="Files of records. Default: those of the configuration."),
    ] = None,
    env: Annotated[
        str | None, typer.Option(help="The environment. Default: the one that has the record.")
    ] = None,
    config: Annotated[Path, CONFIG] = Path("config.yaml"),
    html: Annotated[
        Path | None, typer.Option(help="Write the page that was shown to this file.", readable=False)
    ] = None,
    zone: Zone = BRUSSELS,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Show the record of a request, its decision under the rules of that moment and today's, and the page that was shown.

    Examples:
        gateway explain 4C25-38B9 --env prd
        gateway explain 4C25-38B9 --html page.html

    Exit codes:
        0: it was found
        1: no record has this reference, or more than one request has
        2: wrong arguments, or a file cannot be read or written

    JSON:
        An object: `record`, `then` and `today` (what the rules of that moment and today's decide), `page`.
    """
    sources = record_files(records or (), config, env)
    record = _found(reference, sources, env)
    chosen = _of(record, sources, config)
    given = _input(record)
    then, now = _then(record, chosen, given), _today(record, chosen, given)
    page = shown_page(record, chosen, then.rules, given)
    if html is not None:
        if not page.html:
            stop(f"no page: {page.why_not or 'the client got a document for programs'}", NOT_DONE)
        write_file(html, page.body)
    if as_json:
        seen = {**asdict(page), "body": page.body.decode()}
        data = {"record": record, "then": then.data(), "today": now.data(), "page": seen}
        typer.echo(json.dumps(data, indent=2, ensure_ascii=False))
        return
    typer.echo(_record_text(record, zone))
    typer.echo(f"THE RULES OF THAT MOMENT{_named(then.rules)}")
    typer.echo(then.text())
    same = then.rules is not None and now.rules is not None and then.rules.hash == now.rules.hash
    typer.echo(f"TODAY'S RULES{_named(now.rules)}, for the same request at the same moment")
    typer.echo("They are the same.\n" if same else now.text())
    typer.echo(_page_text(page, html))


def _of(record: Mapping[str, Any], sources: RecordFiles, config: Path) -> ChosenEnvironment:
    """The environment of a record."""
    name = str(record.get("environment"))
    known = next((each for each in sources.environments if each.env == name), None)
    return known if known is not None else ChosenEnvironment.by_settings(config, name)


def _found(reference: str, sources: RecordFiles, env: str | None) -> dict[str, Any]:
    of_one = {"environment": env} if env is not None else {}
    search = Search(Query(reference=reference, exact={"kind": "request", **of_one}))
    try:
        found = {str(each["request_id"]): each for each in search.run(sources.files)}
    except OSError as problem:
        unreadable(problem)
    if not found:
        stop(
            f"no record has the reference {reference!r}: {search.seen:,} records were read ({sources.heading}).\n"
            "Each machine has records of its own: ask the others too.\n"
            "Of many requests that are refused before a decision, for one reason and from one address, only some have a"
            " record of their own; `gateway records show --kind refused` counts the others.",
            NOT_DONE,
        )
    if len(found) > 1:
        ids = "\n".join(f"  {each}" for each in found)
        stop(
            f"{len(found)} requests have the reference {reference!r}; give one of their ids:\n{ids}", NOT_DONE
        )
    return next(iter(found.values()))


def _input(record: Mapping[str, Any]) -> DecisionInput | None:
    if not replayable(record):
        return None
    try:
        return decision_input(record)
    except ValueError as problem:
        stop(str(problem), UNREADABLE)


def _then(record: Mapping[str, Any], chosen: ChosenEnvironment, given: DecisionInput | None) -> Judged:
    """Under the rules of that moment."""
    hash_, records = record.get("rules"), chosen.settings.observe.records.path
    if given is None or not isinstance(hash_, str):
        return Judged(why_not=_undecided(record))
    current = chosen.rules
    if current is not None and hash_ == current.hash:
        return _judged(current, given, record)
    if records is None:
        return Judged(
            why_not=f"the text of rule set {hash_[:SHOWN]} is kept beside a file of records; there is none"
        )
    try:
        keys = [ChainKey.of(key, chosen.env) for key in chosen.settings.ring("records").read()]
        kept = RuleArchive.beside(records).read(hash_, chosen.env, chosen.config.path, keys)
    except (NotArchived, ValueError) as problem:
        return Judged(why_not=str(problem))
    return _judged(kept.rules[chosen.env], given, record)


def _today(record: Mapping[str, Any], chosen: ChosenEnvironment, given: DecisionInput | None) -> Judged:
    """Under the rules in the file."""
    if chosen.rules is None:
        return Judged(why_not=f"{chosen.config.path} does not load; gateways that run go on by earlier rules")
    return _judged(chosen.rules, given, record)


def _judged(rules: RuleSet, given: DecisionInput | None, record: Mapping[str, Any]) -> Judged:
    if given is None:
        return Judged(why_not=_undecided(record))
    if NATIONAL_NUMBER in given.path:
        return Judged(
            why_not="the path had a national number, which is not recorded: it cannot be decided again"
        )
    assumed = assumed_answers(rules, given)
    supposed = {name: value for name, value in assumed.items() if name not in given.facts}
    asked = given._replace(facts={**supposed, **given.facts}) if supposed else given
    decision = decide(rules, asked, trace=True)
    reading = Reading(
        tuple(each.path for each in asked.readings()), tuple(sorted(asked.doubt.needs if asked.doubt else ()))
    )
    return Judged(rules, decision, advise(rules, asked, decision), reading, supposed)


def _undecided(record: Mapping[str, Any]) -> str:
    if record.get("verdict") == "own":
        return "No rule was asked: an endpoint of the gateway answered."
    if "emergency" in record:
        return (
            f"The emergency rule {record.get('rule')!r} let it in while it was open. Which others were open is not in the"
            " record, so it cannot be decided again."
        )
    why = not_replayable(record)
    if why != NO_RULE:
        return f"It cannot be decided again: it is one of the {why}."
    return f"No rule was asked: the request ended before ({record.get('reason') or record.get('error')})."


def _named(rules: RuleSet | None) -> str:
    return f" (rule set {rules.hash[:SHOWN]})" if rules is not None else ""


def _record_text(record: Mapping[str, Any], zone: str) -> str:
    who, answer, asked = record.get("who", {}), record.get("answer", {}), record.get("asked", {})
    request_id = str(record["request_id"])
    rights = ", ".join("/".join(str(part) for part in right if part) for right in who.get("rights", ()))
    logged_in = who.get("authenticated_at")
    lines = {
        "reference": f"{reference_of(request_id)} ({request_id})",
        "when": moment_text(float(record["now"]), zone_of(zone), milliseconds=True),
        "environment": record.get("environment"),
        "asked": " ".join(
            str(part)
            for part in (
                record.get("method") or asked.get("method"),
                f"{record.get('host') or asked.get('host') or ''}{record.get('path') or asked.get('target') or ''}",
            )
            if part
        ),
        "from": record.get("client"),
        "got": f"{record.get('status')} {record.get('error') or ''}".strip(),
        "verdict": record.get("verdict"),
        "rule": record.get("rule"),
        "reason": record.get("reason"),
        "detail": answer.get("detail"),
        "who": who.get("person") or "nobody was logged in",
        "organisation": who.get("organisation"),
        "doelgroep": who.get("doelgroep"),
        "means": who.get("acr"),
        "bound": "to a key of the browser" if who.get("bound") else None,
        "logged in": moment_text(float(logged_in), zone_of(zone)) if logged_in is not None else None,
        "rights": rights,
        "session": record.get("session"),
        "record": f"{record.get('seq')} of chain {record.get('chain')}",
    }
    return "\n".join(("THE RECORD", *(f"  {name:13} {value}" for name, value in lines.items() if value), ""))


def _page_text(page: Shown, html: Path | None) -> str:
    if page.why_not:
        return f"THE PAGE\n{page.why_not}"
    kind = "PAGE" if page.html else "DOCUMENT"
    text = (
        page_text(page.body.decode("utf-8", "replace")) if page.html else page.body.decode("utf-8", "replace")
    )
    written = f"\nwritten to {html}" if html is not None else ""
    return f"THE {kind} THAT WAS SHOWN ({page.language}), with today's texts, a pseudonym for the name\n{text}{written}"
