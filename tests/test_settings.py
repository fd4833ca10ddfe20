"""What all settings share: durations, paths, secrets by reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.settings import Duration, FileBeside, Secret, SecretRef, Settings


class Example(Settings):
    wait: Duration = 1.0
    file: FileBeside | None = None
    key: SecretRef | None = None


def read(folder: Path, **values: Any) -> Example:
    return Example.model_validate(values, context={"folder": folder})


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("30s", 30.0), ("1.5m", 90.0), ("8h", 28_800.0), ("7d", 604_800.0)]
)
def test_durations(tmp_path: Path, text: str, seconds: float) -> None:
    assert read(tmp_path, wait=text).wait == seconds


@pytest.mark.parametrize("value", ["30", 30, True, "s", "-1s", "1 s", "1w"])
def test_a_duration_without_a_unit_is_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(ValidationError, match="with its unit"):
        read(tmp_path, wait=value)


def test_unknown_keys_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        read(tmp_path, weight="1s")


def test_paths_start_at_the_folder_of_the_configuration(tmp_path: Path) -> None:
    assert read(tmp_path, file="a/b").file == tmp_path / "a/b"
    assert read(tmp_path, file="/etc/b").file == Path("/etc/b")


def test_a_secret_is_named_and_read_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = read(tmp_path, key="file:s.key").key
    assert key == Secret("file:s.key", tmp_path)
    assert key.path == tmp_path / "s.key"
    with pytest.raises(ValueError, match="gateway keys generate"):
        key.read()
    key.path.write_bytes(b"secret\r\n")
    key.path.chmod(0o604)
    with pytest.raises(ValueError, match="chmod 600"):
        key.read()
    key.path.chmod(0o600)
    assert key.read() == b"secret"
    key.path.write_bytes(b"\n")
    with pytest.raises(ValueError, match="is empty"):
        key.read()
    monkeypatch.setenv("TGP_TEST_KEY", "from outside")
    named = read(tmp_path, key="env:TGP_TEST_KEY").key
    assert named is not None
    assert named.read() == b"from outside"
    monkeypatch.delenv("TGP_TEST_KEY")
    with pytest.raises(ValueError, match="not set or empty"):
        named.read()


@pytest.mark.parametrize("value", ["the secret itself", "env:", "file:", 5])
def test_a_secret_is_never_written_in_the_configuration(tmp_path: Path, value: Any) -> None:
    with pytest.raises(ValidationError, match="never written here"):
        read(tmp_path, key=value)
