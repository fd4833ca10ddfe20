"""A chain of records shows every change, and never cries wolf."""

import json
from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.observe.chain import START, Chain, ChainKey, Mark
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


def begun(
    name: str, *after: Mark, count: int = 2, key: ChainKey = SEAL, end: bool = True
) -> tuple[list[bytes], Mark]:
    """A chain that refers to others before it, and its mark."""
    links = Chain(name, key)
    start = {"kind": "start", "now": 1.0, "key": key.id, "after": [each.to_dict() for each in after]}
    lines = [
        links.link(json.dumps(start)),
        *(links.link('{"kind":"request","now":2.0}') for _ in range(count)),
    ]
    lines += [links.link('{"kind":"end"}')] if end else []
    return lines, links.mark(3.0, ended=end)


def checked(
    *lines: bytes, head: Sequence[Mark] | str = (), keys: Sequence[ChainKey] = (SEAL,), **how: bool
) -> list[str]:
    found = verify([("r", lines)], keys=keys, head=("r.head", head), **how)
    assert found.sound == (not found.faults)
    return [str(each) for each in found.faults]


def rewritten(lines: list[bytes]) -> list[bytes]:
    """What somebody without the key can make: a chain that fits in itself, with seals that look like some."""
    forged = Chain(json.loads(lines[0])["chain"], ChainKey(SEAL.id, b"not the key"))
    kept = ("chain", "seq", "prev", "mac")
    records = [json.loads(line) for line in lines]
    return [
        forged.link(
            json.dumps({name: value for name, value in each.items() if name not in kept} | {"rule": "x"})
        )
        for each in records
    ]


def unsealed(lines: list[bytes]) -> list[bytes]:
    """The same lines as an earlier version wrote them."""
    found, head = [], START
    for line in lines:
        record = json.loads(line)
        del record["mac"]
        found.append(json.dumps({**record, "prev": head}).encode() + b"\n")
        head = sha256(found[-1].rstrip(b"\n")).hexdigest()
    return found


def test_chains_that_refer_to_one_another_and_a_sealed_head_prove_everything() -> None:
    a, a_mark = begun("a")
    b, b_mark = begun("b", a_mark, end=False)
    found = verify([("r", [*a, *b])], keys=(SEAL,), head=("r.head", [b_mark]))
    assert found.sound
    assert [link.seal for link in found.chains] == ["proven", "proven"]


def test_a_whole_chain_that_is_gone_is_missed() -> None:
    a, a_mark = begun("a")
    b, b_mark = begun("b", a_mark)
    assert checked(*b, head=[b_mark]) == [
        "r:1: chain a is gone, with 4 record(s): a later start of a process refers to it"
    ]
    assert checked(*a, head=[b_mark]) == [
        "r.head: chain b is gone, with 4 record(s): the sealed head refers to it"
    ]
    assert checked(*b, head=[b_mark], continued=True) != []
    older = Mark("old", 3, "f" * 64, 0.5)
    c, c_mark = begun("c", older)
    assert checked(*c, head=[c_mark], continued=True) == []


def test_what_is_cut_off_at_the_end_is_missed() -> None:
    a, a_mark = begun("a", end=False)
    assert checked(*a[:-1], head=[a_mark]) == [
        "r.head: the last 1 record(s) of chain a are gone: the sealed head refers to record 2"
    ]
    # Newer ones than the head knows are no fault: it is written once a second.
    more = Chain("a", SEAL)
    assert checked(*a, head=[Mark("a", 1, "", 0.0)]) == []
    assert more.name == "a"


def test_a_chain_that_was_rewritten_with_its_hashes_is_found_out() -> None:
    a, a_mark = begun("a")
    forged = rewritten(a)
    assert verify([("r", forged)]).sound, "as far as anybody sees who has no key"
    (fault, *_) = checked(*forged, head=[a_mark])
    assert "record 0 of chain a does not have the seal of the gateway's key" in fault
    (fault, *_) = checked(*unsealed(forged), head=[a_mark])
    assert "chain a has no seals, though the sealed head refers to it" in fault


def test_records_of_somebody_else_are_found_out() -> None:
    a, a_mark = begun("a")
    forged, _ = begun("b", a_mark, key=ChainKey("0" * 12, b"x"))
    assert (
        "is sealed with the key 000000000000, which is not among those"
        in checked(*a, *forged, head=[a_mark])[0]
    )
    late, _ = begun("c")
    assert (
        "chain c has no seals, but began after chains that have"
        in checked(*a, *unsealed(late), head=[a_mark])[0]
    )


def test_a_head_that_is_gone_or_began_anew_is_a_fault() -> None:
    a, a_mark = begun("a")
    b, b_mark = begun("b")
    assert (
        "the sealed head is gone: whether the newest records"
        in checked(*a, head="the sealed head is gone")[0]
    )
    (fault,) = checked(*a, *b, head=[b_mark])
    assert "chain b refers to no chain before it: the sealed head was gone or changed" in fault
    assert a_mark.ended


def test_an_earlier_version_is_read_and_what_it_does_not_prove_is_said() -> None:
    old, _ = begun("old")
    a, a_mark = begun("a")
    found = verify([("r", [*unsealed(old), *a])], keys=(SEAL,), head=("r.head", [a_mark]))
    assert found.sound
    assert [link.seal for link in found.chains] == ["unsealed", "proven"]
    changed = [each.replace(b"2.0", b"2.5") for each in unsealed(old)]
    assert not verify([("r", changed)], keys=(SEAL,)).sound


@pytest.mark.parametrize("line", [b'{"v":1,"kind":"req', b"{", b'{"chain":"a","seq":'])
def test_cut_lines_alone_are_not_sound(line: bytes) -> None:
    assert not proof(line + b"\n", line + b"\n").sound
    assert not proof(line).sound
