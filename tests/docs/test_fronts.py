"""The page about fronts shows what is rendered, and what came of the cases."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import Config
from gateway.render.files import FILES, Engine, Part
from gateway.render.site import Options, front_site
from gateway.render.text import rendered_config
from tests.cases.load import HERE, load
from tests.fronts.outcomes import FILES as CASES
from tests.fronts.outcomes import cases
from tests.fronts.reasons import REASONS, reason_of
from tests.fronts.test_outcomes import recorded
from tests.render.place import configuration

PAGE = Path(__file__).parents[2] / "docs" / "fronts.md"
LANGUAGES = {"nginx": "nginx", "envoy": "yaml", "caddy": "caddy", "traefik": "yaml", "haproxy": "haproxy"}
NAMES = {
    "nginx": "nginx",
    "envoy": "Envoy",
    "envoy-grpc": "Envoy (gRPC)",
    "caddy": "Caddy",
    "traefik": "Traefik",
    "haproxy": "HAProxy",
}
WORDS = {"path": "paths", "header": "headers", "ws": "WebSocket handshakes", "http1": "octets"}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """As the page shows it, with a front of each kind."""
    return configuration(
        tmp_path_factory.mktemp("page"),
        rules=[{"id": "register", "match": {"path": "/**"}, "require": ["authenticated"], "websocket": True}],
        public_url="https://register.example.be",
        upstreams={},
    )


def made(text: str, config: Config) -> str:
    """The page with all that is made put in."""
    for engine, parts in FILES.items():
        for part in parts:
            text = _put(text, f"rendered: {engine} {part}", _block(config, engine, part))
    return _put(text, "table", "\n".join(table()))


def _put(text: str, name: str, content: str) -> str:
    start, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
    head, mark, rest = text.partition(start)
    assert mark, f"the page has no place for {name}"
    if end in rest:
        rest = rest.partition(end)[2]
    return f"{head}{start}\n{content}\n{end}{rest}"


def _block(config: Config, engine: Engine, part: Part) -> str:
    language = "lua" if part == "lua" else LANGUAGES[engine]
    return f"```{language}\n{rendered_config(front_site(config, 'ti', engine, Options()), engine, part)}```"


def table() -> Iterator[str]:
    """Front by class of cases."""
    yield f"| cases | {' | '.join(NAMES.values())} |"
    yield f"|---|{'---|' * len(NAMES)}"
    found = recorded()
    letters: dict[int, str] = {}
    for file in CASES:
        classes: dict[str, list[str]] = {}
        for case in cases(file):
            classes.setdefault(case["cls"], []).append(case["id"])
        for cls, ids in classes.items():
            cells = []
            for front in NAMES:
                others = {each: found[front][file][each] for each in ids if each in found[front][file]}
                reasons = {reason_of(front, file, case, outcome) for case, outcome in others.items()}
                assert None not in reasons
                for number in sorted(each for each in reasons if each is not None):
                    letters.setdefault(number, "abcdefghijklmnopqrstuvwxyz"[len(letters)])
                notes = " ".join(sorted(letters[each] for each in reasons if each is not None))
                cells.append(f"{len(ids) - len(others)} of {len(ids)}{f' ({notes})' if notes else ''}")
            yield f"| {WORDS[file]}: {cls} | {' | '.join(cells)} |"
    used = sorted(letters, key=lambda number: letters[number])
    yield ""
    for number in used:
        yield f"- **{letters[number]}**: {REASONS[number].words}"


def test_the_page_shows_what_is_rendered_and_what_came_of_the_cases(config: Config) -> None:
    text = PAGE.read_text("utf-8")
    fresh = made(text, config)
    if os.environ.get("REWRITE_FRONTS"):
        PAGE.write_text(fresh, "utf-8")
    assert text == fresh, "run it with REWRITE_FRONTS=1, and read what changed"


def test_every_class_of_cases_has_its_row() -> None:
    rows = "\n".join(table())
    for file in ("path", "header", "http1"):
        for case in load(HERE / f"{file}-cases.json"):
            assert f"| {WORDS[file]}: {case['cls']} |" in rows
