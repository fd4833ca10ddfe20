"""`gateway records`: files that were tampered with break the proof, at the place where it was done."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import application
from gateway.cli.chosen_environment import ChosenEnvironment
from gateway.observe.chain import Chain
from tests.gateways import settings, write_config
from tests.keys import SEAL


def command(*arguments: str) -> Result:
    return CliRunner().invoke(application(["records"]), arguments)


def written(name: str, count: int = 6, *, end: bool = True) -> list[bytes]:
    chain = Chain(name, SEAL)
    people = [
        {"person": f"p--{number % 2}", "also": [f"q--{number % 2}"], "organisation": "0428315871"}
        for number in range(count)
    ]
    lines = [
        chain.link(
            json.dumps(
                {
                    "v": 1, "kind": "request", "now": 1_795_507_200.0 + number, "time": f"2026-11-24T08:00:0{number}.000Z", "status": 200,
                    "verdict": "allow" if number else "deny", "rule": f"r-{number % 3}", "method": "GET",
                    "path": "/x", "reason": "allowed", "request_id": f"{name}-{number}", "who": people[number],
                }
            )
        )
        for number in range(count)
    ]  # fmt: skip
    return [*lines, chain.link('{"v":1,"kind":"end"}')] if end else lines


def put(folder: Path, name: str, lines: list[bytes]) -> str:
    path = folder / name
    content = b"".join(lines)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return str(path)


def verified(*arguments: str, exit_code: int = 0) -> str:
    done = command("records", "verify", *arguments)
    assert done.exit_code == exit_code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_several_chains_in_rotated_and_packed_files_are_sound(tmp_path: Path) -> None:
    a, b = written("a"), written("b", end=False)
    files = [
        put(tmp_path, "r.2.gz", [*a[:2], b[0]]),
        put(tmp_path, "r.1", [b[1], *a[2:4]]),
        put(tmp_path, "r", [*a[4:], *b[2:]]),
    ]
    said = verified(*files)
    assert "13 records in 2 chains: sound" in said
    assert "chain a: 7 records, seals not checked, ended" in said
    head = said.split("cut off; keep ")[1].split()[0]
    assert "sound" in verified(*files, "--head", head)
    assert "chain b has no end" in verified(*files, "--ended", exit_code=1)
    data = json.loads(verified(*files, "--json"))
    assert data["sound"] is True
    assert [link["ended"] for link in data["chains"]] == [True, False]
    assert "sound" in verified(*files[1:], "--continued")
    assert "2 record(s) of chain a are gone before record 2" in verified(*files[1:], exit_code=1)


TAMPERED: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "removed": (lambda a: a[:2] + a[3:], "r:3: 1 record(s) of chain a are gone before record 3"),
    "first removed": (lambda a: a[1:], "r:1: 1 record(s) of chain a are gone before record 1"),
    "changed": (
        lambda a: [*a[:2], a[2].replace(b'"allow"', b'"deny"'), *a[3:]],
        "r:4: record 3 of chain a does not follow from record 2: one was changed",
    ),
    "swapped": (lambda a: [*a[:2], a[3], a[2], *a[4:]], "r:3: 1 record(s) of chain a are gone before record 3"),
    "repeated": (lambda a: [*a[:3], a[2], *a[3:]], "r:4: record 2 of chain a is repeated or in the wrong place"),
    "added": (lambda a: [*a, *written("a", 1, end=False)], "r:8: record 0 of chain a is repeated or in the wrong place"),
    "a new beginning": (
        lambda a: [a[0].replace(b"a-0", b"a-9"), *a[1:]],
        "r:2: record 1 of chain a does not follow from record 0: one was changed",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("tamper", "words"), TAMPERED.values(), ids=TAMPERED)
def test_whatever_is_tampered_with_is_told_with_its_place(
    tmp_path: Path, tamper: Callable[[list[bytes]], list[bytes]], words: str
) -> None:
    said = verified(put(tmp_path, "r", tamper(written("a"))), exit_code=1)
    assert f"{tmp_path}/{words}" in said
    assert "NOT SOUND" in said


def test_an_end_that_was_cut_off_shows_by_the_end_or_by_a_hash_that_was_kept(tmp_path: Path) -> None:
    lines = written("a")
    whole = json.loads(verified(put(tmp_path, "r", lines), "--json"))
    head = whole["chains"][0]["head"]
    cut = put(tmp_path, "r", lines[:-2])
    assert "chain a: 5 records, seals not checked, no end: still running, crashed, or cut off" in verified(
        cut
    )
    assert "chain a has no end" in verified(cut, "--ended", exit_code=1)
    assert f"the record with the hash {head} is gone" in verified(cut, "--head", head, exit_code=1)


def test_a_line_of_a_full_disk_is_told_and_proves_nothing(tmp_path: Path) -> None:
    lines = written("a")
    said = verified(put(tmp_path, "r", [lines[0], lines[1][:20] + b"\n", *lines[1:]]))
    assert "r:2: not a whole record: cut off while it was written" in said
    assert ": sound" in said


@pytest.mark.parametrize("line", ["# Not records", '{"chain": 1}', "[]", "null"])
def test_what_is_no_record_is_no_record_that_was_cut_off(tmp_path: Path, line: str) -> None:
    said = verified(put(tmp_path, "r", [line.encode() + b"\n"]), exit_code=1)
    assert "r:1: this is not a decision record" in said
    assert "NOT SOUND" in said


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert "nothing: No such file" in verified(str(tmp_path / "nothing"), exit_code=2)
    broken = tmp_path / "r.gz"
    broken.write_bytes(gzip.compress(b"".join(written("a")))[:60])
    verified(str(broken), exit_code=2)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], [0, 1, 2, 3, 4, 5]),
        (["--reference", "a-3"], [3]),
        (["--verdict", "deny"], [0]),
        (["--rule", "r-1", "--subject", "p--1"], [1]),
        (["--rule", "r-1", "--subject", "q--1"], [1]),
        (["--organisation", "0428315871", "--since", "2026-11-24T08:00:04Z"], [4, 5]),
        (["--until", "2026-11-24T09:00:01"], [0]),
        (["--organisation", "BE 0777.000.187"], []),
        (["--organisation", "BE 0428.315.871", "--status", "2xx", "--path", "/x"], [0, 1, 2, 3, 4, 5]),
        (["--status", "403"], []),
    ],
)
def test_records_are_found(tmp_path: Path, options: list[str], found: list[int]) -> None:
    file = put(tmp_path, "r", written("a"))
    done = command("records", "show", file, *options)
    assert done.exit_code == (0 if found else 1), done.stderr
    assert [line.split()[-1] for line in done.stdout.splitlines()] == [f"a-{number}" for number in found]
    as_json = command("records", "show", file, *options, "--json").stdout.splitlines()
    assert [json.loads(line)["request_id"] for line in as_json] == [f"a-{number}" for number in found]


def test_today_and_what_is_still_to_come(tmp_path: Path) -> None:
    chain, now = Chain("a", SEAL), time.time()
    lines = [
        chain.link(
            json.dumps(
                {"kind": "request", "now": now - ago, "request_id": f"a-{ago}", "asked": {"target": "/%zz"}}
            )
        )
        for ago in (90_000, 3_000, 60)
    ]
    file = put(tmp_path, "r", lines)
    for since, found in (
        ("1h", ["a-3000", "a-60"]),
        ("10 minuten geleden", ["a-60"]),
        ("3 dagen geleden", None),
    ):
        done = command("records", "show", file, "--since", since)
        ids = [line.split()[-1] for line in done.stdout.splitlines()]
        assert ids == (found or ["a-90000", "a-3000", "a-60"])
        assert "times in Europe/Brussels" in done.stderr
        assert "/%zz" in done.stdout
        assert " CET " in done.stdout or " CEST " in done.stdout
    assert " UTC " in command("records", "show", file, "--zone", "UTC").stdout
    for options, words in (
        (["--since", "foo"], "not a moment"),
        (["--until", "3 dagen geleden"], "no record matches; 3 in 1 file(s) were read"),
        (["--since", "1h", "--until", "2h"], "ends before it begins"),
        (["--since", "2099-01-01"], "still to come"),
        (["--verdict", "denied"], "is none of allow"),
        (["--status", "40"], "write a status"),
        (["--zone", "Brussel"], "no time zone"),
        (["--subject", "abc"], "4 or more characters"),
        (["--sub"], "say --env"),
    ):
        done = command("records", "show", file, *options)
        assert done.exit_code == (1 if "no record" in words else 2)
        assert words in " ".join(done.output.replace("│", " ").split())


def environment(tmp_path: Path) -> tuple[Path, Path]:
    found = settings(
        tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:8010",
        upstream_url="http://localhost:8020",
    )  # fmt: skip
    return write_config(tmp_path, {"ti": found}), tmp_path / "var" / "ti.jsonl"


def commanded(config: Path, *arguments: str) -> Result:
    return command("records", *arguments, "--config", str(config))


def test_the_environment_proves_its_own_records(tmp_path: Path) -> None:
    config, path = environment(tmp_path)
    path.parent.mkdir()
    path.touch()
    place = ChosenEnvironment.of(config, "ti")
    for number in range(2):
        place.record([{"kind": "block", "block": f"B-{number}", "reason": "geheim"}])
    done = commanded(config, "verify")
    assert done.exit_code == 0, done.output
    assert "6 records in 2 chains: sound" in done.stdout
    assert "not proven" not in done.stdout
    assert json.loads(commanded(config, "verify", "--json").stdout)["proven"] is True
    assert "B-1" in commanded(config, "show", "--kind", "block", "--env", "ti").stdout
    lines = path.read_bytes().splitlines(keepends=True)
    for left in (lines[:3], lines[3:], lines[:5], []):
        path.write_bytes(b"".join(left))
        assert commanded(config, "verify").exit_code == 1
    path.write_bytes(b"".join(lines))
    # Without the keys: what is proven, and what is not.
    (line,) = [each for each in verified(str(path)).splitlines() if each.startswith("not proven")]
    assert "for 2 chain(s), because their seals were not checked (--env)" in line
    path.with_name("ti.jsonl.head").unlink()
    done = commanded(config, "verify")
    assert done.exit_code == 1
    assert "ti.jsonl.head is gone: whether the newest records are there cannot be proven" in done.stdout
    path.with_name("ti.jsonl.head").mkdir()
    done = commanded(config, "verify")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "ti.jsonl.head: it is not a file" in done.stderr
    # An archive has no head.
    path.rename(path.with_name("archive"))
    assert commanded(config, "verify", str(path.with_name("archive")), "--env", "ti").exit_code == 0


def test_with_an_environment_no_record_of_another_is_shown(tmp_path: Path) -> None:
    config, path = environment(tmp_path)
    path.parent.mkdir()
    lines = [
        json.dumps(
            {"kind": "request", "now": 1_795_507_200.0, "environment": name, "request_id": f"of-{name}"}
        )
        for name in ("ti", "prd")
    ]
    path.write_text("".join(f"{line}\n" for line in lines))
    done = commanded(config, "show", str(path), "--env", "ti")
    assert [line.split()[-1] for line in done.stdout.splitlines()] == ["of-ti"]
    assert done.stderr.startswith("ti: 1 file(s)")
    assert len(commanded(config, "show", str(path)).stdout.splitlines()) == 2


def test_a_file_of_an_earlier_version_is_read_and_its_limits_are_said(tmp_path: Path) -> None:
    head, lines = "0" * 64, []
    for number in range(3):
        record = {
            "v": 1,
            "kind": "request",
            "now": 5.0,
            "request_id": f"o-{number}",
            "chain": "o",
            "seq": number,
        }
        lines.append(json.dumps({**record, "prev": head}).encode())
        head = sha256(lines[-1]).hexdigest()
    file = put(tmp_path, "r", [each + b"\n" for each in lines])
    said = verified(file)
    assert "chain o: 3 records, without seals" in said
    assert "not proven for 1 chain(s) without seals, of an earlier version" in said
    assert "3 records in 1 chain: sound" in said
    assert command("records", "show", file).stdout.count("o-") == 3
