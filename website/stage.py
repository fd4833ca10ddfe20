"""Lays out the sources of the site: the pages of docs/ and of the root, with links that lead to pages of the site."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from website.blocks import blocks

ROOT: Final = Path(__file__).parent.parent
_LINK: Final = re.compile(r"(\]\()([^)\s#]+)?(#[^)\s]*)?(\))")
_PAGES: Final = {
    "README.md": "quick-start.md",
    "ARCHITECTURE.md": "code/architecture.md",
    "CONTRIBUTING.md": "code/contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security/reporting.md",
    "docs/README.md": "index.md",
}
_LANGUAGES: Final = {".py": "python", ".yaml": "yaml", ".toml": "toml", ".json": "json"}


class BrokenLink(Exception):
    """A document links to something that the repository does not have."""


class Stage:
    """A folder with the site's sources, filled from a repository."""

    def __init__(self, folder: Path, root: Path = ROOT) -> None:
        self._root = root
        self._folder = folder
        self._shown: dict[str, PurePosixPath] = {}

    def lay_out(self) -> None:
        """Replace the folder's contents. Raises BrokenLink."""
        shutil.rmtree(self._folder, ignore_errors=True)
        for path in self._documents():
            name = path.relative_to(self._root).as_posix()
            if path.suffix == ".md":
                self._write(page_of(name), self._page(name, path.read_text("utf-8")))
            else:
                self._copy(path, page_of(name))
        self._copy(self._root / "website/site.css", PurePosixPath("site.css"))
        self._write(PurePosixPath("decisions/index.md"), _list_of(self._root / "docs/decisions"))
        for name, shown in self._shown.items():
            self._write(shown, self._source(self._root / name))

    def _documents(self) -> Iterator[Path]:
        yield from _files_below(self._root / "docs")
        yield from (self._root / name for name in _PAGES if not name.startswith("docs/"))

    def _write(self, place: PurePosixPath, text: str) -> None:
        file = self._folder / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def _copy(self, path: Path, place: PurePosixPath) -> None:
        file = self._folder / place
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, file)

    def _page(self, name: str, text: str) -> str:
        lines = text.splitlines()
        code: set[int] = set()
        for block in blocks(text):
            code.update(range(block.first, block.after))
            if not block.fenced and not block.nested:
                body = block.text.rstrip("\n")
                lines[block.first : block.after] = [
                    f"```{block.language}\n{body}\n```",
                    *[""] * (block.after - block.first - 1),
                ]
        return "".join(
            f"{line if number in code else self._linked(name, line)}\n" for number, line in enumerate(lines)
        )

    def _linked(self, name: str, line: str) -> str:
        def replaced(link: re.Match[str]) -> str:
            before, target, anchor, after = link.groups(default="")
            if not target or ":" in target:
                return link[0]
            place = self._place(name, target)
            here = page_of(name).parent
            return f"{before}{os.path.relpath(place, here)}{anchor}{after}"

        return _LINK.sub(replaced, line)

    def _place(self, name: str, target: str) -> PurePosixPath:
        """Where what a document links to stands on the site."""
        path = (self._root / name).parent.joinpath(target).resolve()
        if not path.exists() or not path.is_relative_to(self._root):
            raise BrokenLink(f"{name}: {target} does not exist")
        found = path.relative_to(self._root).as_posix()
        if found in {"docs", "docs/decisions"}:
            return PurePosixPath("index.md" if found == "docs" else "decisions/index.md")
        if found in _PAGES or found.startswith("docs/"):
            return page_of(found)
        place = PurePosixPath("source") / f"{found}.md"
        self._shown[found] = place
        return place

    def _source(self, path: Path) -> str:
        """A page that shows a file of the repository, or all files of a folder."""
        files = _files_below(path) if path.is_dir() else [path]
        name = path.relative_to(self._root).as_posix()
        parts = [f"# {name}\n"]
        for file in files:
            if path.is_dir():
                parts.append(f"## {file.relative_to(path).as_posix()}\n")
            parts.append(
                f"````{_LANGUAGES.get(file.suffix, 'text')}\n{file.read_text('utf-8').rstrip()}\n````\n"
            )
        return "\n".join(parts)


def _files_below(folder: Path) -> list[Path]:
    """Those of the repository, without what Python compiled there."""
    return sorted(each for each in folder.rglob("*") if each.is_file() and each.parent.name != "__pycache__")


def page_of(name: str) -> PurePosixPath:
    """Where a document of the repository stands on the site."""
    return PurePosixPath(_PAGES.get(name, name.removeprefix("docs/")))


def _list_of(folder: Path) -> str:
    """A page that lists the decisions by number and title."""
    rows = [
        f"| [{path.stem[:4]}]({path.name}) | {path.read_text('utf-8').partition(chr(10))[0].lstrip('# ')} |"
        for path in sorted(folder.glob("[0-9]*.md"))
    ]
    return "\n".join(["# Decisions\n", "Why it is made this way.\n", "| | |", "|---|---|", *rows, ""])
