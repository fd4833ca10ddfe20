"""One end of a promotion: an environment in a configuration file, as it is written and as it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from gateway.config.includes import rule_lists
from gateway.config.load import Source
from gateway.config.model import EnvironmentSettings
from gateway.config.positions import read_yaml
from gateway.files.plain_file import read_plain
from gateway.files.real_path import real_path
from gateway.promotion.text import YamlText


@dataclass(frozen=True)
class Written:
    """A file of a configuration: its octets, its text with plain newlines, and its data before anything is included."""

    path: Path
    octets: bytes

    @classmethod
    def read(cls, path: Path) -> Written:
        """The file as it is. Raises OSError."""
        return cls(path, read_plain(path))

    @cached_property
    def text(self) -> YamlText:
        """What is written."""
        return YamlText(self.octets.decode("utf-8-sig").replace("\r\n", "\n"))

    @cached_property
    def data(self) -> Any:
        """What it says."""
        return read_yaml(self.octets, str(self.path))[0]

    def with_text(self, text: str) -> bytes:
        """Another text, as octets with the newlines and the mark of this file."""
        if b"\r\n" in self.octets:
            text = text.replace("\n", "\r\n")
        mark = b"\xef\xbb\xbf" if self.octets.startswith(b"\xef\xbb\xbf") else b""
        return mark + text.encode()


@dataclass(frozen=True)
class PromotionSide:
    """The environment `name` of a configuration."""

    source: Source
    name: str

    @property
    def path(self) -> Path:
        """The file, as the operator names it."""
        return self.source.config.path

    @property
    def folder(self) -> Path:
        """Where relative paths start."""
        return real_path(self.path).parent

    @property
    def settings(self) -> EnvironmentSettings:
        """The settings of the environment."""
        return self.source.config.environment(self.name)

    @property
    def rules(self) -> list[Any]:
        """The rules that all environments of the file share, with those of included files, as they are written."""
        found: list[Any] = self.source.data["rules"]
        return found

    @cached_property
    def main(self) -> Written:
        """The configuration file itself."""
        return Written.read(self.path)

    @cached_property
    def included(self) -> Mapping[Path, Written]:
        """The included files, by their path from the folder."""
        files = dict.fromkeys(self.source.config.files[1:])
        return {file.relative_to(self.folder): Written.read(file) for file in files}

    @property
    def links(self) -> list[Path]:
        """Included files that are symbolic links, or are in a folder that is one."""
        patterns = [
            str(node["include"])
            for _, nodes in rule_lists(self.main.data)
            for node in nodes
            if isinstance(node, dict) and "include" in node
        ]
        files = [file for pattern in patterns for file in self.folder.glob(pattern)]
        return [file for file in files if real_path(file) != file]

    @property
    def environment(self) -> dict[str, Any]:
        """The settings of the environment as they are written."""
        found: dict[str, Any] = self.main.data["environments"][self.name]
        return found

    def kept(self, name: str) -> bool:
        """Whether operators want this to differ."""
        return any(name == each or name.startswith(f"{each}.") for each in self.settings.not_promoted)
