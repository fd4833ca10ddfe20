"""The site: built strictly, with every page in its navigation, and each page as it reads in the repository."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from website.__main__ import CONFIGURATION, build
from website.stage import BrokenLink, Stage, page_of

ROOT = Path(__file__).parents[2]
# Of blocks alone: what stands within them is not counted.
MARKDOWN = MarkdownIt("commonmark").enable("table").disable("inline")
KINDS = {"code_block": "pre", "fence": "pre", "list_item_open": "li", "table_open": "table", "tr_open": "tr"}


class Counted(HTMLParser):
    """How many blocks, items, tables and rows the article of a page has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.feed(html[html.index("<article") : html.index("</article>")])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in KINDS.values():
            self.found[tag] += 1


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("site") / "site"
    build(place)
    return place


def sources() -> list[str]:
    names = [path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")]
    return sorted([*names, "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])


def html(site: Path, name: str) -> str:
    page = page_of(name)
    folder = page.parent if page.name in {"index.md", "README.md"} else page.with_suffix("")
    return (site / folder / "index.html").read_text("utf-8")


def test_every_page_reads_as_in_the_repository(site: Path) -> None:
    different = {}
    for name in sources():
        tokens = MARKDOWN.parse((ROOT / name).read_text("utf-8"))
        meant = Counter(KINDS[token.type] for token in tokens if token.type in KINDS)
        shown = Counted(html(site, name)).found
        if meant != shown:
            different[name] = (meant, shown)
    assert different == {}


def test_every_page_is_in_the_navigation() -> None:
    nav = re.findall(r'"([\w/-]+\.md)"', CONFIGURATION.read_text("utf-8"))
    assert len(nav) == len(set(nav))
    pages = {str(page_of(name)) for name in sources() if "/decisions/" not in name}
    assert set(nav) == pages | {"decisions/index.md"}


def test_every_page_is_in_the_list_of_all() -> None:
    listed = (ROOT / "docs/README.md").read_text("utf-8")
    for name in sources():
        inside = name.removeprefix("docs/")
        if name not in {"docs/README.md"} and not inside.startswith(("decisions/", "reference/policies/")):
            assert f"]({inside if name.startswith('docs/') else f'../{name}'})" in listed, name


def test_what_is_searched_and_where_it_leads(site: Path) -> None:
    index = (site / "search.json").read_text("utf-8")
    for words in (
        "idle_timeout",
        "provider-unavailable",
        "toegangspoort_requests_total",
        "integratiedossier",
    ):
        assert words in index


def test_the_site_asks_no_other_server(site: Path) -> None:
    for page in ("index.html", "rules/index.html"):
        fetched = re.findall(
            r'<(?:link|script|img)[^>]+(?:href|src)="(https?://[^"]+)"', (site / page).read_text("utf-8")
        )
        assert fetched == []


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A repository with all pages of the root."""
    for name in ("README", "ARCHITECTURE", "CONTRIBUTING", "SECURITY", "CHANGELOG"):
        (tmp_path / f"{name}.md").write_text("# x\n")
    (tmp_path / "docs/decisions").mkdir(parents=True)
    (tmp_path / "website").mkdir()
    (tmp_path / "website/site.css").write_text("")
    return tmp_path


@pytest.mark.parametrize("target", ["gone.md", "../gateway/gone.py", "../../outside"])
def test_a_link_to_what_is_not_there_is_refused(small: Path, target: str) -> None:
    (small / "docs/README.md").write_text(f"# x\n\n[there]({target})\n\n    [not]({target}) in code\n")
    with pytest.raises(BrokenLink, match=target):
        Stage(small / "out", small).lay_out()


def test_what_python_compiled_is_not_shown(small: Path) -> None:
    (small / "docs/README.md").write_text("# x\n\n[there](../cases)\n")
    (small / "cases/__pycache__").mkdir(parents=True)
    (small / "cases/one.py").write_text("ONE = 1\n")
    (small / "cases/__pycache__/one.pyc").write_bytes(b"\xa7\r\r\n")
    Stage(small / "out", small).lay_out()
    shown = (small / "out/source/cases.md").read_text("utf-8")
    assert shown == "# cases\n\n## one.py\n\n````python\nONE = 1\n````\n"


def test_anchors_are_checked() -> None:
    settings = tomllib.loads(CONFIGURATION.read_text("utf-8"))["project"]["validation"]
    assert settings == {"invalid_links": True, "invalid_link_anchors": True}
