"""A chain of records shows every change, and never cries wolf."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.observe.chain import START, Chain
from gateway.observe.proof import Proof, verify
from tests.keys import SEAL


def chain(name: str, count: int, *, ended: bool = True) -> list[bytes]:
    links = Chain(name, SEAL)
    lines = [links.link(json.dumps({"v": 1, "kind": "request", "n": number})) for number in range(count)]
    return [*lines, links.link('{"kind":"end"}')] if ended else lines


def proof(*lines: bytes) -> Proof:
    return verify([("records.jsonl", lines)], keys=(SEAL,))


def test_an_untouched_chain_is_sound() -> None:
    lines = chain("a", 3)
    first = json.loads(lines[0])
    assert (first["chain"], first["seq"], first["prev"]) == ("a", 0, START)
    found = proof(*lines)
    assert found.sound
    assert found.lines == 4
    (link,) = found.chains
    assert (link.chain, link.lines, link.begun, link.ended) == ("a", 4, True, True)
    assert len(link.head) == 64


def test_several_workers_and_rotated_files() -> None:
    a, b = chain("a", 4), chain("b", 4, ended=False)
    found = verify([("one", [a[0], b[0], b[1], a[1]]), ("two", [b"\n", b[2], a[2], a[3], b[3], a[4]])])
    assert found.sound
    assert [(link.chain, link.lines, link.ended) for link in found.chains] == [
        ("a", 5, True),
        ("b", 4, False),
    ]


def test_files_may_be_known_to_be_gone() -> None:
    rest = chain("a", 5)[2:]
    found = verify([("two", rest)], continued=True)
    assert found.sound
    assert (found.chains[0].begun, found.chains[0].first) == (False, 2)
    assert "2 record(s) of chain a are gone before record 2" in proof(*rest).faults[0].message
    assert not verify([("one", []), ("two", rest)], continued=True).sound


@pytest.mark.parametrize(
    ("spoil", "line", "words"),
    [
        (
            lambda x: [x[0], x[1].replace(b'"n":', b'"m":').replace(b'"n": 1', b'"m": 1'), *x[2:]],
            2,
            "was changed",
        ),
        (lambda x: [x[0], *x[2:]], 2, "1 record(s) of chain a are gone before record 2"),
        (lambda x: [x[0], x[1], x[1], *x[2:]], 3, "repeated or in the wrong place"),
        (lambda x: [x[0], x[2], x[1], *x[3:]], 2, "gone before record 2"),
        (lambda x: [x[0].replace(START.encode(), b"f" * 64), *x[1:]], 1, "from its beginning"),
        (lambda x: [*x, Chain("a", SEAL).link('{"kind":"request"}')], 6, "repeated or in the wrong place"),
        (lambda x: [x[0], b"{}\n", x[2], *x[3:]], 2, "not a decision record"),
        (lambda x: [x[0], b'{"chain":\n', x[2], *x[3:]], 3, "are gone"),
    ],
)
def test_every_change_shows(spoil: object, line: int, words: str) -> None:
    found = proof(*spoil(chain("a", 4)))  # type: ignore[operator]
    assert not found.sound
    assert found.faults[0].line == line
    assert words in str(found.faults[0])
    assert str(found.faults[0]).startswith(f"records.jsonl:{line}: ")


def test_nothing_is_added_after_the_end() -> None:
    links = Chain("a", SEAL)
    lines = [links.link('{"kind":"end"}'), links.link('{"kind":"request"}')]
    assert "after the end" in proof(*lines).faults[0].message


def test_a_line_that_a_full_disk_cut_off_and_that_follows_whole_is_no_fault() -> None:
    lines = chain("a", 2)
    found = proof(lines[0], lines[1][:20] + b"\n", lines[1], lines[2])
    assert found.sound
    assert [(cut.line, cut.kind) for cut in found.cut] == [(2, "unreadable")]
    assert not proof(lines[0], lines[1][:20] + b"\n", lines[2]).sound


@given(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=30),
    st.integers(0, 29),
    st.integers(0),
    st.integers(1, 255),
)
def test_no_octet_can_change_unseen(order: list[str], at: int, place: int, change: int) -> None:
    chains = {name: Chain(name, SEAL) for name in "abc"}
    lines = [chains[name].link(f'{{"n":{number}}}') for number, name in enumerate(order)]
    ends = [each.link('{"kind":"end"}') for each in chains.values()]
    assert proof(*lines, *ends).sound
    at %= len(lines)
    line = bytearray(lines[at].rstrip(b"\n"))
    line[place % len(line)] ^= change
    assert not proof(*lines[:at], bytes(line) + b"\n", *lines[at + 1 :], *ends).sound
