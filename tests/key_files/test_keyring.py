"""Keys by purpose: one in a file, or several, and which of them is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.key_files.keyring import (
    PURPOSES,
    Key,
    Ring,
    agreed_key,
    in_order,
    is_key_file,
    read_key_file,
    write_key_file,
)
from gateway.settings import Secret

OLD, NEW = b"o" * 32, b"n" * 48


def secret(folder: Path, name: str, content: bytes) -> Secret:
    path = folder / name
    path.write_bytes(content)
    path.chmod(0o600)
    return Secret(f"file:{name}", folder)


def test_a_file_with_one_key_serves_every_purpose(tmp_path: Path) -> None:
    plain = secret(tmp_path, "k", OLD + b"\n")
    for purpose in PURPOSES:
        ring = Ring(purpose, (plain,))
        assert ring.octets() == (OLD,)
        assert not ring.keeps_several
        assert ring.paths == (tmp_path / "k",)
    assert len({Ring(purpose, (plain,)).read()[0].id for purpose in PURPOSES}) == len(PURPOSES)


def test_a_file_with_several_has_the_newest_first_and_each_purpose_its_own(tmp_path: Path) -> None:
    keys = [Key("pseudonyms", OLD), Key("sessions", NEW, 1_000.0), Key("sessions", OLD)]
    several = secret(tmp_path, "k", write_key_file(keys))
    assert Ring("sessions", (several,)).read() == (Key("sessions", NEW), Key("sessions", OLD))
    assert [key.created for key in Ring("sessions", (several,)).read()] == [1_000.0, None]
    assert Ring("pseudonyms", (several,)).octets() == (OLD,)
    assert Ring("flows", (several,)).octets() == (NEW, OLD)
    assert Ring("sessions", (several,)).keeps_several
    earlier = secret(tmp_path, "e", b"e" * 32)
    assert Ring("sessions", (several, earlier, several)).octets() == (NEW, OLD, b"e" * 32)


def test_what_is_written_is_read_and_names_give_nothing_away() -> None:
    content = write_key_file([Key("flows", OLD, 5.0), Key("sessions", bytes(range(48)))])
    assert is_key_file(content)
    found = read_key_file(content, name="k")
    assert {purpose: [key.octets for key in keys] for purpose, keys in found.items()} == {
        "flows": [OLD],
        "sessions": [bytes(range(48))],
    }
    key = Key("flows", OLD)
    assert "oooo" not in repr(key)
    assert len(key.id) == 12


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("sessions - x", "k:2: the time or the key is damaged"),
        ("sessions yesterday " + "b28" * 12, "k:2: the time or the key is damaged"),
        (
            "cookies - " + "b28" * 20,
            "k:2: write PURPOSE CREATED KEY, with one of sessions, flows, pseudonyms",
        ),
        ("sessions " + "b28" * 20, "k:2: write PURPOSE CREATED KEY"),
        ("sessions - b28=", "k:2: a key has at least 32 octets"),
        ("flows - " + "b28v" * 12, "k has no key for sessions"),
        ("sessions - \u00e9", "other characters than ASCII"),
    ],
)
def test_a_damaged_file_is_refused_with_the_place(tmp_path: Path, lines: str, words: str) -> None:
    damaged = secret(tmp_path, "k", f"# toegangspoort keys 1\n{lines}\n".encode())
    with pytest.raises(ValueError, match="file:k") as problem:
        Ring("sessions", (damaged,)).read()
    assert words in str(problem.value)


def test_a_short_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="file:k: a key has at least 32 octets"):
        Ring("sessions", (secret(tmp_path, "k", b"x" * 31),)).read()


@pytest.mark.parametrize(
    ("own", "others", "expected"),
    [
        ({"new": 0, "old": 0}, [], "new"),
        ({"new": 0, "old": 0}, [{"old": 0}], "old"),
        ({"new": 0, "old": 0}, [{"old": 0, "new": 0}], "new"),
        ({"new": 0, "old": 0}, [{"old": 0, "new": 0}, {"old": 0}], "old"),
        ({"old": 0}, [{"new": 0, "old": 0}], "old"),
        ({"c": 0, "b": 0, "a": 0}, [{"b": 0, "a": 0}], "b"),
        ({"new": 0, "old": 0}, [{"other": 0}], "new"),
        ({"new": 950, "old": 0}, [], "old"),
        ({"new": 900, "old": 0}, [], "new"),
        ({"new": 100, "old": 0}, [{"new": 950, "old": 0}], "old"),
        ({"only": 990}, [], "only"),
        ({"only": 990}, [{"other": 0}], "only"),
        ({"c": 990, "b": 100, "a": 0}, [], "b"),
    ],
)
def test_the_newest_key_that_all_have_had_for_long_enough_is_used(
    own: dict[str, float], others: list[dict[str, float]], expected: str
) -> None:
    assert agreed_key(own, others, announced_for=100.0, now=1_000.0) == expected


def test_the_one_in_use_comes_first() -> None:
    keys = (Key("flows", NEW), Key("flows", OLD))
    assert in_order(keys, keys[1].id) == (keys[1], keys[0])
    assert in_order(keys, keys[0].id) == keys
