"""Records reach the disk in order and none is lost, whatever happens to the file."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog

from gateway.events import (
    BlocksChanged,
    BlocksLoaded,
    CandidateChanged,
    Event,
    KeyChanged,
    LoginEnded,
    RecordsDropped,
    RulesChanged,
    RulesLoaded,
    RulesRefused,
)
from gateway.key_files.keyring import Key
from gateway.model import Identity
from gateway.observe import record_thread as module
from gateway.observe import record_writer as writer
from gateway.observe.chain import ChainKey
from gateway.observe.proof import Proof, verify
from gateway.observe.record_file import Space
from gateway.observe.record_writer import DecisionRecords
from gateway.observe.refusal import Refusal
from gateway.observe.sealed_head import SealedHead
from gateway.observe.settings import ObserveSettings, RecordsTarget
from tests.keys import SEAL, SEALING
from tests.observe.conftest import Clock, Makes

pytestmark = pytest.mark.anyio
KEY = b"0123456789abcdef0123456789abcdef"


def records_at(path: Path | None, clock: Clock, *, queue: int = 10_000, **others: Any) -> DecisionRecords:
    place = RecordsTarget("file", path) if path else RecordsTarget("none")
    return DecisionRecords(
        ObserveSettings(records=place, records_queue=queue),
        "ti",
        keys=lambda: (KEY,),
        sealing=lambda: (SEALING,),
        clock=clock,
        **others,
    )


def count_of(dropped: list[Event]) -> int:
    return sum(event.count for event in dropped if isinstance(event, RecordsDropped))


def lines_of(*paths: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in paths for line in path.read_bytes().splitlines()]


def sound(*paths: Path) -> bool:
    return verify([(str(path), path.read_bytes().splitlines(keepends=True)) for path in paths]).sound


async def test_every_record_in_order_and_none_lost_at_shutdown(
    tmp_path: Path, clock: Clock, handled: Makes
) -> None:
    path = tmp_path / "var" / "records.jsonl"
    records = records_at(path, clock)
    await records.start()
    await records.start()
    for number in range(3_000):
        records.write(handled(number))
    records.write({"kind": "reload", "result": "ok", "token": "geheim"})
    await records.aclose()
    await records.aclose()
    records.write(handled(9_999))
    found = lines_of(path)
    assert [each["kind"] for each in found] == ["start", *["request"] * 3_000, "reload", "end"]
    assert [each["request_id"] for each in found[1:-2]] == [f"r-{number}" for number in range(3_000)]
    assert found[-2]["token"] == "[redacted]"
    assert found[-1]["environment"] == "ti"
    assert sound(path)
    assert path.stat().st_mode & 0o007 == 0


async def test_a_second_process_begins_a_chain_of_its_own(
    tmp_path: Path, clock: Clock, handled: Makes
) -> None:
    path = tmp_path / "records.jsonl"
    one, other = records_at(path, clock), records_at(path, clock)
    for records in (one, other):
        await records.start()
    for number in range(200):
        (one, other)[number % 2].write(handled(number))
    for records in (one, other):
        await records.aclose()
    assert len({each["chain"] for each in lines_of(path)}) == 2
    assert sound(path)


async def wait_for_lines(path: Path, count: int) -> None:
    """The writer is a thread of its own: wait until it has written so many lines."""
    end = time.monotonic() + 5
    while not path.exists() or path.read_bytes().count(b"\n") < count:
        assert time.monotonic() < end
        await asyncio.sleep(0.005)


async def wait_for(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.005)


async def test_the_file_may_be_rotated(tmp_path: Path, clock: Clock, handled: Makes) -> None:
    path, old = tmp_path / "records.jsonl", tmp_path / "records.jsonl.1"
    records = records_at(path, clock)
    await records.start()
    records.write(handled(1))
    await wait_for_lines(path, 2)
    path.rename(old)
    records.write(handled(2))
    await wait_for_lines(path, 1)
    path.unlink()
    records.write(handled(3))
    await records.aclose()
    assert [each["seq"] for each in lines_of(old)] == [0, 1]
    assert [each["seq"] for each in lines_of(path)] == [3, 4]
    assert not sound(old, path)


async def test_a_full_disk_breaks_no_request_and_loses_nothing_once_there_is_room(
    tmp_path: Path, clock: Clock, handled: Makes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.01)
    path, room = tmp_path / "records.jsonl", tmp_path / "room.jsonl"
    path.symlink_to("/dev/full")
    dropped: list[Event] = []
    records = records_at(path, clock, queue=100, on_event=dropped.append)
    with structlog.testing.capture_logs() as logs:
        await records.start()
        records.write(handled(0))
        while not logs:
            await asyncio.sleep(0.005)
        for number in range(1, 400):
            records.write(handled(number))
        await asyncio.sleep(0.05)
        assert [each["event"] for each in logs] == ["decision records cannot be written"]
        room.touch()
        path.unlink()
        path.symlink_to(room)
        await wait_for_lines(room, 3)
        records.write(handled(400))
        await records.aclose()
    found = lines_of(room)
    lost = sum(each["lost"] for each in found if each["kind"] == "gap")
    kept = [each["request_id"] for each in found if each["kind"] == "request"]
    assert kept[0] == "r-0"
    assert kept[-1] == "r-400"
    assert lost == count_of(dropped) == 401 - len(kept) > 200
    assert sound(room)
    assert logs[0]["reason"] == "No space left on device"


async def test_lines_that_take_long_are_made_one_at_a_time(
    tmp_path: Path, clock: Clock, handled: Makes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_LONG", 0.0)
    made: list[int] = []
    make_some = DecisionRecords._make_some

    def noting(records: DecisionRecords) -> None:
        before = len(records._entries)
        make_some(records)
        made.append(before - len(records._entries))

    monkeypatch.setattr(DecisionRecords, "_make_some", noting)
    path = tmp_path / "records.jsonl"
    records = records_at(path, clock)
    await records.start()
    for number in range(300):
        records.write(handled(number))
    await wait_for_lines(path, 301)
    # Of too many that wait, more at once; then one for each round of the loop.
    assert made == [25] * 4 + [1] * 200
    await records.aclose()
    assert sound(path)


async def test_of_long_records_fewer_wait(tmp_path: Path, clock: Clock, handled: Makes) -> None:
    path = tmp_path / "records.jsonl"
    path.symlink_to("/dev/full")
    dropped: list[Event] = []
    records = records_at(path, clock, queue=1_000, on_event=dropped.append)
    await records.start()
    for number in range(900):
        records.write(handled(number, path="/" + "\u00e9" * 5_000))
        if number % 25 == 0:
            await asyncio.sleep(0.06)
    # Each is 30 kB long: 2 MiB are 68, beside those of the last moment.
    assert 60 < records.waiting < 150
    assert records.full
    assert count_of(dropped) > 700
    await records.aclose()


async def test_a_disk_that_stays_full_does_not_hold_up_the_end(
    tmp_path: Path, clock: Clock, handled: Makes
) -> None:
    path = tmp_path / "records.jsonl"
    path.symlink_to("/dev/full")
    dropped: list[Event] = []
    records = records_at(path, clock, on_event=dropped.append)
    await records.start()
    records.write(handled())
    with structlog.testing.capture_logs() as logs:
        await records.aclose()
    assert count_of(dropped) == 3
    assert logs[-1]["lost"] is True


async def test_a_place_that_cannot_be_written_is_refused_at_start(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"cannot write decision records to .*: File exists"):
        await records_at(tmp_path / "file" / "records.jsonl", clock).start()


async def test_records_of_another_environment_are_left_alone(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "records.jsonl"
    theirs = b'{"v":1,"kind":"request","environment":"prd"}\n{"v":1,"environment":"ti"}\n'
    path.write_bytes(theirs)
    with pytest.raises(
        ValueError, match=r"records\.jsonl contains the decision records of environment 'prd', not 'ti'"
    ):
        await records_at(path, clock).start()
    assert [each.name for each in tmp_path.iterdir()] == ["records.jsonl"]
    assert path.read_bytes() == theirs


@pytest.mark.parametrize(
    "first", [b"damaged", b"{", b"[]", b'{"v":1}', b'{"environment":"ti"}', b"x" * 70_000]
)
async def test_a_first_line_that_says_nothing_holds_nothing_up(
    tmp_path: Path, clock: Clock, first: bytes
) -> None:
    path = tmp_path / "records.jsonl"
    path.write_bytes(first + b"\n")
    records = records_at(path, clock)
    await records.start()
    await records.aclose()
    assert path.read_bytes().splitlines()[0] == first


async def test_a_strange_record_does_not_end_the_recording(
    tmp_path: Path, clock: Clock, handled: Makes
) -> None:
    path = tmp_path / "records.jsonl"
    records = records_at(path, clock)
    await records.start()
    with structlog.testing.capture_logs() as logs:
        records.write(handled(1, request_id=7))
        records.write(handled(2))
        await records.aclose()
    assert [each["kind"] for each in lines_of(path)] == ["start", "gap", "request", "end"]
    assert logs[0]["event"] == "a decision record could not be made"


async def test_no_records_where_none_are_wanted(clock: Clock, handled: Makes) -> None:
    records = records_at(None, clock)
    await records.start()
    records.write(handled())
    await records.aclose()


def test_standard_output() -> None:
    program = textwrap.dedent(
        """
        import asyncio, time
        from gateway.observe.record_writer import DecisionRecords
        from gateway.observe.settings import ObserveSettings
        from tests.keys import SEALING

        async def main():
            records = DecisionRecords(
                ObserveSettings(), "ti", keys=lambda: (b"k" * 32,), sealing=lambda: (SEALING,), clock=time.time
            )
            await records.start()
            for number in range(500):
                records.write({"kind": "note", "number": number})
            await records.aclose()

        asyncio.run(main())
        """
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=30)
    lines = done.stdout.splitlines(keepends=True)
    assert [json.loads(line).get("number") for line in lines[1:-1]] == list(range(500))
    assert verify([("stdout", lines)]).sound


async def test_a_reader_that_stopped_reading_does_not_hold_up_the_end(
    tmp_path: Path, clock: Clock, handled: Makes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LAST_WORD_SECONDS", 0.05)
    file = tmp_path / "records.jsonl"
    reader, pipe = os.pipe()
    os.set_blocking(reader, False)
    records = records_at(file, clock)
    others = set(threading.enumerate())
    await records.start()
    descriptors = {os.path.realpath(each): int(each.name) for each in Path("/proc/self/fd").iterdir()}
    os.dup2(pipe, descriptors[str(file)])
    os.close(pipe)
    writer = next(each for each in set(threading.enumerate()) - others if each.name == "decision-records")
    for number in range(300):
        records.write(handled(number))
    with structlog.testing.capture_logs() as logs:
        await records.aclose()
    assert [each["event"] for each in logs] == ["decision records were not all written"]
    while writer.is_alive():
        with contextlib.suppress(BlockingIOError):
            os.read(reader, 65_536)
    os.close(reader)


async def test_an_auditor_sees_what_changed_the_decisions(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "records.jsonl"
    records = records_at(path, clock)
    await records.start()
    for event in (
        RulesLoaded("a", 1, frozenset()),
        RulesChanged("a", "b", 1, frozenset()),
        RulesRefused("b", ("config.yaml:1:1: broken",)),
        CandidateChanged("c"),
        BlocksLoaded(("b-1",)),
        BlocksChanged(("b-1",)),
        LoginEnded("ok"),
    ):
        records.on_event(event)
    await records.aclose()
    shown = ("kind", "result", "before", "rules", "problems", "blocks")
    assert [{name: each[name] for name in shown if name in each} for each in lines_of(path)[1:-1]] == [
        {"kind": "reload", "result": "ok", "before": "a", "rules": "b"},
        {"kind": "reload", "result": "refused", "rules": "b", "problems": ["config.yaml:1:1: broken"]},
        {"kind": "shadow", "rules": "c"},
        {"kind": "blocks", "blocks": ["b-1"]},
    ]


async def test_claims_are_recorded_while_the_rules_or_the_candidate_read_them(
    tmp_path: Path, clock: Clock, handled: Makes
) -> None:
    path = tmp_path / "records.jsonl"
    records = records_at(path, clock)
    await records.start()
    identity = Identity("https://acm/op", "zoe", claims={"unit": "a", "grade": "b", "other": "c"})
    for event in (
        RulesLoaded("a", 1, frozenset({"unit"})),
        CandidateChanged("c", frozenset({"grade"})),
        RulesChanged("a", "b", 1, frozenset()),
        CandidateChanged(None),
    ):
        records.on_event(event)
        records.write(handled(1, identity=identity))
        # Records are made a little later, with the claims of that moment.
        lines = path.read_bytes().count(b'"request"')
        await wait_for(lambda: path.read_bytes().count(b'"request"') > lines)  # noqa: B023
    await records.aclose()
    found = [each["who"].get("claims") for each in lines_of(path) if each["kind"] == "request"]
    assert found == [{"unit": "a"}, {"grade": "b", "unit": "a"}, {"grade": "b"}, None]


async def test_another_key_for_pseudonyms_is_recorded(tmp_path: Path, clock: Clock, handled: Makes) -> None:
    path = tmp_path / "records"
    records = records_at(path, clock)
    await records.start()
    records.write(handled())
    await wait_for_lines(path, 2)
    records.use_keys((KEY[::-1], KEY))
    records.on_event(KeyChanged("pseudonyms", "k1", "k2"))
    records.write(handled())
    await records.aclose()
    _, before, changed, later, _ = lines_of(path)
    assert (changed["kind"], changed["purpose"], changed["before"], changed["after"]) == (
        "keys", "pseudonyms", "k1", "k2",
    )  # fmt: skip
    assert later["who"]["also"] == [before["who"]["person"]]
    assert sound(path)


async def proven(path: Path, *keys: ChainKey) -> Proof:
    def check() -> Proof:
        lines = path.read_bytes().splitlines(keepends=True)
        head = SealedHead(path, keys or (SEAL,)).read()
        return verify([(str(path), lines)], keys=keys or (SEAL,), head=("head", head))

    return await asyncio.to_thread(check)


async def test_each_start_refers_to_the_chains_before_it(
    tmp_path: Path, clock: Clock, handled: Makes
) -> None:
    path = tmp_path / "records.jsonl"
    for number in range(3):
        records = records_at(path, clock)
        await records.start()
        records.write(handled(number))
        await records.aclose()
    assert (await proven(path)).sound
    lines = path.read_bytes().splitlines(keepends=True)
    for chain in range(3):
        path.write_bytes(b"".join([*lines[: 3 * chain], *lines[3 * chain + 3 :]]))
        (fault,) = (await proven(path)).faults
        assert "is gone, with 3 record(s)" in fault.message
    path.write_bytes(b"".join(lines[:-1]))
    assert "the last 1 record(s)" in (await proven(path)).faults[0].message


async def test_workers_that_share_a_file_refer_to_one_another(
    tmp_path: Path, clock: Clock, handled: Makes
) -> None:
    path = tmp_path / "records.jsonl"
    one, other = records_at(path, clock), records_at(path, clock)
    await one.start()
    await other.start()
    for number in range(100):
        (one, other)[number % 2].write(handled(number))
    await one.aclose()
    await other.aclose()
    assert (await proven(path)).sound
    assert len(await asyncio.to_thread(SealedHead(path, (SEAL,)).read)) == 2


async def test_a_new_key_begins_a_chain_that_refers_to_the_one_before(
    tmp_path: Path, clock: Clock, handled: Makes
) -> None:
    path, fresh = tmp_path / "records.jsonl", Key("records", b"another key for chains of records")
    records = records_at(path, clock)
    await records.start()
    records.write(handled(1))
    records.use_sealing((SEALING, fresh))
    records.use_sealing((fresh, SEALING))
    records.write(handled(2))
    await records.aclose()
    assert [each["kind"] for each in lines_of(path)] == ["start", "request", "end", "start", "request", "end"]
    both = (ChainKey.of(fresh, "ti"), SEAL)
    assert (await proven(path, *both)).sound
    assert "is sealed with the key" in (await proven(path, both[0])).faults[0].message


async def test_a_start_on_a_full_disk_is_no_failure(tmp_path: Path, clock: Clock, handled: Makes) -> None:
    path, space = tmp_path / "records.jsonl", tmp_path / "space"
    path.symlink_to("/dev/full")
    records = records_at(path, clock)
    await records.start()
    assert records.full
    assert (await records.check()).ready
    assert "No space left on device" in (await records.check()).detail
    records.write(handled(1))
    other = tmp_path / "other"
    other.symlink_to(space)
    other.replace(path)
    await wait_for(lambda: not records.full)
    await records.aclose()
    assert [each["kind"] for each in lines_of(space)] == ["start", "request", "end"]
    assert (await proven(path)).sound


async def test_a_disk_that_does_not_answer_takes_no_gateway_out_of_the_balancer(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(_self: Space) -> None:
        return None

    monkeypatch.setattr(Space, "lacking", hangs)
    records = records_at(tmp_path / "records.jsonl", clock)
    await records.start()
    found = await records.check()
    assert (found.ready, found.degraded, found.detail) == (True, True, "the disk does not answer in time")
    await records.aclose()


async def test_strangers_do_not_fill_the_disk(tmp_path: Path, clock: Clock, handled: Makes) -> None:
    path = tmp_path / "records.jsonl"
    records = records_at(path, clock)
    await records.start()
    for number in range(500):
        records.write_refused(
            handled(
                number,
                request=None,
                decision=None,
                identity=None,
                refusal=Refusal("path-escape"),
                error="bad-request",
            )
        )
    await records.aclose()
    found = lines_of(path)
    assert [each["kind"] for each in found] == ["start", *["request"] * 10, "refused", "end"]
    assert (found[-2]["reason"], found[-2]["count"]) == ("path-escape", 490)
