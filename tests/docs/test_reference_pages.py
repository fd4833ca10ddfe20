"""Each error and each reason of a failed login has a heading on its page, made of the code and of the page's words.

With REWRITE_REFERENCE=1 the pages are written; a row of a table (| `NAME` | ... | words |) is taken for the words of a new one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from gateway import errors
from gateway.pages.login_failures import LOGIN_FAILURES
from gateway.pages.render import Pages
from gateway.pages.samples import every_page
from gateway.pages.settings import SupportSettings
from tests.docs.desk import ROOT

REFERENCE = ROOT / "docs" / "reference"
_ROW = re.compile(r"^\| ((?:`[a-z_-]+`(?:, )?)+)(?:,? other [^|]*)? \| (.+) \|$", re.MULTILINE)
_ENTRY = re.compile(r"^### (?P<name>[a-z_-]+)\n\n\*\*(?P<facts>.*?)\*\* (?P<words>.+)$", re.MULTILINE)


def section(text: str, title: str) -> str:
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def described(text: str) -> dict[str, tuple[str, str]]:
    """By name: the facts and the words that a section has about each, in the form of a heading or of a row."""
    found: dict[str, tuple[str, str]] = {}
    for row in _ROW.finditer(text):
        *facts, words = row[2].replace("| |", "|").removeprefix("| ").split(" | ")
        for name in re.findall(r"`([a-z_-]+)`", row[1]):
            found[name] = (" | ".join(facts), words)
    return found | {each["name"]: (each["facts"], each["words"]) for each in _ENTRY.finditer(text)}


def written(
    page: Path, title: str, known: Mapping[str, str], more: Callable[[str], str] = lambda _: ""
) -> None:
    """The section has one entry for each that is known, with these facts. Its order stays, new ones come last."""
    text = page.read_text("utf-8")
    part = section(text, title)
    found = described(part)
    missing = sorted(known.keys() - found.keys())
    assert not missing, f"{page.name} says nothing about {missing}: add a row | `NAME` | words |"
    gone = sorted(found.keys() - known.keys())
    assert not gone, f"{page.name} describes {gone}, which nothing has"
    first = min(match.start() for match in (_ROW.search(part), _ENTRY.search(part)) if match)
    head = re.sub(r"^\|[^\n]*\n\|---[^\n]*\n\Z", "", part[:first], flags=re.MULTILINE).strip()
    entries = [f"### {name}\n\n**{known[name]}** {found[name][1]}\n{more(name)}" for name in found]
    body = "\n".join(([f"{head}\n"] if head else []) + entries).rstrip()
    made = text.replace(part, f"\n{body}\n", 1)
    if os.environ.get("REWRITE_REFERENCE"):
        page.write_text(made, "utf-8")
    assert text == made, "run it with REWRITE_REFERENCE=1, and read what changed"


def kinds(error: type[errors.GatewayError]) -> Iterator[type[errors.GatewayError]]:
    for kind in error.__subclasses__():
        if kind.__module__ == "gateway.errors":
            yield kind
        yield from kinds(kind)


def seen() -> dict[str, str]:
    """The title and the first words of each page, in Dutch, by the name of its sample."""
    pages = Pages(SupportSettings(), "prd", ("nl",), clock=lambda: 1_795_900_000.0)
    found: dict[str, str] = {}
    for name, make in every_page(pages, "nl"):
        body = bytes(make().body).decode()
        if (title := re.search(r"<h1[^>]*>(.*?)</h1>", body, re.DOTALL)) is not None:
            texts = (plain(each) for each in re.findall(r"<p[^>]*>(.*?)</p>", body, re.DOTALL)[1:3])
            found[name] = f"{plain(title[1])}. {next(texts) if 'login-failed' in name else ''}".strip()
    return found


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def test_every_error_has_its_heading() -> None:
    pages = seen()

    def shown(name: str) -> str:
        page = {"forbidden": "denied-right"}.get(name, name)
        return f"\nPeople see: *{pages[page]}*\n" if page in pages else ""

    statuses = {kind.code: f"{kind.status}:" for kind in kinds(errors.GatewayError)}
    written(REFERENCE / "errors.md", "The errors", statuses, shown)


def test_every_reason_of_a_failed_login_has_its_heading() -> None:
    pages = seen()
    reasons = {**dict.fromkeys(LOGIN_FAILURES, "Cause:")}
    written(
        REFERENCE / "errors.md",
        "Why a login fails",
        reasons,
        lambda name: f"\nPeople see: *{pages[f'login-failed-{name}']}*\n",
    )


def test_every_metric_that_a_page_names_has_its_heading() -> None:
    headings = set(
        re.findall(r"^### (toegangspoort_\w+)$", (REFERENCE / "metrics.md").read_text("utf-8"), re.MULTILINE)
    )
    for page in (ROOT / "docs").rglob("*.md"):
        if page.parent.name != "decisions":
            named = re.findall(r"`(toegangspoort_\w+?)(?:\{[^`]*)?`", page.read_text("utf-8"))
            assert {each for each in named if each.count("_") > 1} <= headings, page.name


def test_every_policy_and_key_has_its_heading() -> None:
    """What of config.yaml has a heading is also in tests/config/test_reference.py, each policy in tests/plugins."""
    text = (REFERENCE / "config.md").read_text("utf-8")
    for path in (REFERENCE / "policies").glob("[a-z]*.md"):
        assert f"\n### {path.stem}\n" in text
