"""Changes of files are seen once they are complete, and whatever the callback does, watching goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import structlog

from gateway.files.file_states import Watched
from gateway.files.pattern import Pattern
from gateway.watcher import Watcher

pytestmark = pytest.mark.anyio


def content(path: Path) -> str | None:
    return path.read_text() if path.is_file() else None


class Reader:
    """Reads the watched files on every call."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.paths: tuple[Watched, ...] = (path,)
        self.found: list[str | None] = []
        self.calls = asyncio.Condition()
        self.answer: Callable[[], bool] = lambda: True

    async def __call__(self) -> bool:
        self.found.append(await asyncio.to_thread(content, self.path))
        async with self.calls:
            self.calls.notify_all()
        return self.answer()

    async def called(self, times: int) -> None:
        async with asyncio.timeout(30), self.calls:
            await self.calls.wait_for(lambda: len(self.found) >= times)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "watched"
    found.write_text("0")
    return found


@pytest.fixture
def reader(path: Path) -> Reader:
    return Reader(path)


@pytest.fixture
async def watcher(reader: Reader) -> AsyncIterator[Watcher]:
    found = Watcher(lambda: reader.paths, reader, look_every=0.01, suffixes={".yaml"})
    await found.start()
    yield found
    await found.aclose()


async def test_a_change_a_removal_and_a_return_are_seen(watcher: Watcher, reader: Reader, path: Path) -> None:
    path.write_text("first")
    await reader.called(1)
    path.unlink()
    await reader.called(2)
    path.write_text("back")
    await reader.called(3)
    assert reader.found == ["first", None, "back"]


async def test_it_calls_when_asked_and_when_other_paths_are_watched(
    watcher: Watcher, reader: Reader, tmp_path: Path
) -> None:
    watcher.soon()
    await reader.called(1)
    reader.path = tmp_path / "elsewhere"
    reader.paths = (reader.path,)
    await reader.called(2)
    assert reader.found == ["0", None]


async def test_of_a_folder_the_files_with_a_suffix_count(
    watcher: Watcher, reader: Reader, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    reader.paths = (folder,)
    await reader.called(1)
    (folder / "notes.txt").write_text("x")
    await asyncio.sleep(0.1)
    assert len(reader.found) == 1
    (folder / "rules.yaml").write_text("x")
    await reader.called(2)


async def test_a_file_that_is_being_written_is_waited_for(reader: Reader, path: Path) -> None:
    watcher = Watcher(lambda: reader.paths, reader, look_every=0.01, quiet=1.0)
    await watcher.start()
    for number in range(10):
        path.write_text("half " * number)
        await asyncio.sleep(0.02)
    path.write_text("whole")
    await reader.called(1)
    assert reader.found == ["whole"]
    await watcher.aclose()


async def test_a_file_that_never_rests_is_read_in_the_end(reader: Reader, path: Path) -> None:
    watcher = Watcher(lambda: reader.paths, reader, look_every=0.01, quiet=0.05, longest_wait=0.2)
    await watcher.start()
    async with asyncio.timeout(30):
        number = 0
        while not reader.found:
            number += 1
            path.write_text("x" * number)
            await asyncio.sleep(0.01)
    await watcher.aclose()


async def test_what_is_not_done_or_fails_is_tried_again(watcher: Watcher, reader: Reader, path: Path) -> None:
    def fail() -> bool:
        raise ValueError("cannot be read")

    with structlog.testing.capture_logs() as logs:
        reader.answer = fail
        path.write_text("first")
        await reader.called(3)
        reader.answer = lambda: False
        await reader.called(6)
    failed = [each for each in logs if each["log_level"] == "error"]
    assert [(each["loop"], each["error"]) for each in failed] == [("files", "ValueError('cannot be read')")]
    reader.answer = lambda: True
    await reader.called(7)
    path.write_text("second")
    await reader.called(8)
    assert reader.found[-1] == "second"


async def test_a_change_during_the_call_is_noticed_and_not_lost(
    watcher: Watcher, reader: Reader, path: Path
) -> None:
    trusted: list[bool] = []

    async def read_slowly() -> bool:
        trusted.append(await watcher.unchanged())
        if len(trusted) == 1:
            await asyncio.to_thread(path.write_text, "changed meanwhile")
            trusted.append(await watcher.unchanged())
        return await reader()

    watcher._on_change = read_slowly
    path.write_text("first")
    await reader.called(2)
    assert trusted == [True, False, True]
    assert reader.found[-1] == "changed meanwhile"


async def test_what_comes_to_fit_a_pattern_during_the_call_is_not_lost(
    watcher: Watcher, reader: Reader, path: Path, tmp_path: Path
) -> None:
    reader.paths = (path, Pattern(tmp_path, "later/*.yaml"))
    (tmp_path / "later").mkdir()
    await reader.called(1)

    def comes() -> bool:
        (tmp_path / "later/a.yaml").touch()
        return True

    reader.answer = comes
    path.write_text("first")
    await reader.called(3)


async def test_what_was_not_watched_when_the_call_began_is_read_again(
    watcher: Watcher, reader: Reader, path: Path, tmp_path: Path
) -> None:
    trusted: list[bool] = []
    other = tmp_path / "other"

    async def read_both() -> bool:
        reader.paths = (path, other)
        trusted.append(await watcher.unchanged())
        await reader()
        return trusted[-1]

    watcher._on_change = read_both
    path.write_text("first")
    await reader.called(2)
    other.touch()
    await reader.called(3)
    assert trusted == [False, True, True]


async def test_to_be_watched_no_more_is_no_change(
    watcher: Watcher, reader: Reader, path: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    reader.paths = (path, other)
    await reader.called(1)

    def fewer() -> bool:
        reader.paths = (path,)
        return True

    reader.answer = fewer
    other.touch()
    await reader.called(2)
    assert await watcher.unchanged()
    path.write_text("last")
    await reader.called(3)
    assert reader.found == ["0", "0", "last"]


async def test_closing_before_the_start_does_nothing(reader: Reader) -> None:
    await Watcher(lambda: reader.paths, reader, look_every=1.0).aclose()
