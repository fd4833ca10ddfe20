"""Keeps the text of every rule set that was in force, by its hash, so that its configuration can be read again."""

from __future__ import annotations

import gzip
import hmac
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.config.includes import Files
from gateway.config.load import read_source
from gateway.config.model import Config
from gateway.config.problems import ConfigError, Problem
from gateway.files.atomic_file import replace
from gateway.files.plain_file import read_plain
from gateway.files.real_path import real_path
from gateway.observe.chain import ChainKey

MOST_VERSIONS: Final = 500
MOST_OCTETS: Final = 64 * 1024 * 1024
"""What is kept at most; those that went out of use first are removed first."""

_SUFFIX: Final = ".json.gz"


class NotArchived(ValueError):
    """The text is not there, was not sealed with any of the keys, or does not give the same rules; in words."""


class ArchivedFiles(Files):
    """The files of a configuration as they were; `texts` by their path relative to its folder."""

    def __init__(self, folder: Path, texts: Mapping[str, str]) -> None:
        self._folder = real_path(folder)
        self._texts = texts

    def read(self, path: Path, name: str) -> bytes:
        """The content that was kept. Raises ConfigError."""
        text = self._texts.get(_relative(path, self._folder))
        if text is None:
            raise ConfigError([Problem(name, 1, 1, "it is not among the files that were kept")])
        return text.encode("utf-8", "surrogateescape")

    def matching(self, folder: Path, pattern: str) -> list[Path]:
        """The files that were kept and that a pattern names."""
        written = [folder / each for each in self._texts]
        # Path.match alone would let `*.yaml` match in every folder.
        return sorted(each for each in written if _parts_match(each.relative_to(folder), pattern))


@dataclass(frozen=True, slots=True)
class RuleArchive:
    """A folder beside a file of records, with one file for each rule set that was in force."""

    folder: Path

    @classmethod
    def beside(cls, records: Path) -> RuleArchive:
        """The folder of this file of records."""
        return cls(records.with_name(f"{records.name}.rules"))

    def packed(self, hash_: str, config: Path, files: Iterable[Path], key: ChainKey) -> bytes:
        """The text of these files, the main one first, as it is kept. Raises OSError."""
        home = real_path(config).parent
        texts = {_relative(each, home): read_plain(each).decode("utf-8", "surrogateescape") for each in files}
        content = json.dumps({"main": config.name, "files": texts}).encode("ascii")
        sealed = f"{_seal(key, hash_, content)}\n".encode("ascii") + content
        return gzip.compress(sealed, mtime=0)

    def put(self, hash_: str, packed: bytes) -> None:
        """Keep it, or note that it is in use where it is kept already. Raises OSError."""
        self.folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        path = self._path(hash_)
        if path.exists():
            os.utime(path)
            return
        replace(path, packed)
        self._make_room(path)

    def read(self, hash_: str, environment: str, current: Path, keys: Sequence[ChainKey]) -> Config:
        """The configuration with this rule set, as it was; policies are those of today, found from `current`.

        Raises NotArchived.
        """
        path = self._path(hash_)
        try:
            seal, _, content = gzip.decompress(read_plain(path)).partition(b"\n")
        except FileNotFoundError as problem:
            raise NotArchived(f"the text of rule set {hash_[:12]} is not kept in {self.folder}") from problem
        except (OSError, EOFError, ValueError) as problem:
            raise NotArchived(f"{path} cannot be read: {problem}") from problem
        if not any(hmac.compare_digest(_seal(key, hash_, content).encode(), seal) for key in keys):
            raise NotArchived(f"{path} was changed, or was sealed with a key that is gone")
        data = json.loads(content)
        try:
            found = read_source(
                current.with_name(data["main"]), ArchivedFiles(current.absolute().parent, data["files"])
            ).config
        except ConfigError as problem:
            raise NotArchived(
                f"the rules of that moment do not load any more: {problem.problems[0]}"
            ) from problem
        rules = found.rules.get(environment)
        if rules is None or rules.hash != hash_:
            raise NotArchived(
                "the text of the rules of that moment gives other rules today: a policy, or the gateway, reads it in another way"
            )
        return found

    def _path(self, hash_: str) -> Path:
        return self.folder / f"{hash_}{_SUFFIX}"

    def _make_room(self, newest: Path) -> None:
        kept = sorted(self.folder.glob(f"*{_SUFFIX}"), key=lambda each: each.stat().st_mtime)
        total = sum(each.stat().st_size for each in kept)
        while kept and (len(kept) > MOST_VERSIONS or total > MOST_OCTETS) and kept[0] != newest:
            oldest = kept.pop(0)
            total -= oldest.stat().st_size
            oldest.unlink(missing_ok=True)


def _parts_match(path: Path, pattern: str) -> bool:
    wanted = Path(pattern).parts
    if "**" in wanted:
        return path.match(pattern.replace("**/", "")) or path.match(pattern)
    return len(path.parts) == len(wanted) and path.match(pattern)


def _relative(path: Path, folder: Path) -> str:
    return real_path(path).relative_to(folder).as_posix()


def _seal(key: ChainKey, hash_: str, content: bytes) -> str:
    return hmac.digest(key.octets, b"rules " + hash_.encode("ascii") + b" " + content, "sha256").hex()
