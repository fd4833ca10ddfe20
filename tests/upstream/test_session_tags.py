"""Tags: whose session it is, under which keys, and that nothing of that stands in them."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

from gateway.model import Identity, Organisation, Right
from gateway.upstream.session_tags import LENGTH, NOBODY, SessionTags, owner_of

SUBMITTER = Right("OVAMGebruiker", "NonConformiteitenIndiener", "0428315871")
READER = Right("OVAMGebruiker", "NonConformiteitenLezer", "0428315871")
PERSON = Identity(
    "https://acm.test/op", "alice", "Alice", organisation=Organisation("0428315871", "Demo"), doelgroep="EA",
    rights=(SUBMITTER, READER), acr="urn:eid", authenticated_at=1.0,
)  # fmt: skip
OTHERS = [
    None,
    replace(PERSON, subject="bob"),
    replace(PERSON, issuer="https://other.test/op"),
    replace(PERSON, organisation=Organisation("0456789034")),
    replace(PERSON, organisation=None),
    replace(PERSON, doelgroep="LB"),
    replace(PERSON, rights=(SUBMITTER,)),
    replace(PERSON, kind="machine"),
]


async def tags(*keys: bytes, environment: str = "ti") -> SessionTags:
    found = SessionTags(environment, lambda: keys)
    await found.start()
    return found


def test_the_same_person_is_the_same_owner_after_another_login() -> None:
    later = replace(
        PERSON,
        authenticated_at=2.0,
        acr="urn:itsme",
        given_name="Alicia",
        organisation=Organisation("0428315871", "Demo nv"),
        rights=(READER, SUBMITTER),
    )
    assert owner_of(later) == owner_of(PERSON)


def test_every_other_identity_is_another_owner() -> None:
    names = {owner_of(identity).name for identity in OTHERS} | {owner_of(PERSON).name}
    assert len(names) == len(OTHERS) + 1
    assert owner_of(None) is NOBODY


def test_the_credential_is_the_header_that_says_who_it_is() -> None:
    assert [owner_of(each).credential for each in (None, PERSON, replace(PERSON, kind="machine"))] == [
        b"", b"cookie", b"authorization",
    ]  # fmt: skip


async def test_a_tag_is_for_one_owner_one_name_and_one_value() -> None:
    found = await tags(b"k" * 32)
    owner = owner_of(PERSON)
    tag = found.make(owner, b"JSESSIONID", b"0A1B")
    assert len(tag) == LENGTH
    assert found.belongs(tag, owner, b"jsessionid", b"0A1B")
    assert not found.belongs(tag, owner, b"PHPSESSID", b"0A1B")
    assert not found.belongs(tag, owner, b"JSESSIONID", b"0A1C")
    assert not found.belongs(tag[:-1], owner, b"JSESSIONID", b"0A1B")
    assert not any(found.belongs(tag, owner_of(other), b"JSESSIONID", b"0A1B") for other in OTHERS)


async def test_tags_of_an_earlier_key_and_no_other_are_read() -> None:
    old, new = await tags(b"o" * 32), await tags(b"n" * 32)
    both = await tags(b"n" * 32, b"o" * 32)
    earlier, later = (each.make(NOBODY, b"x", b"1") for each in (old, new))
    assert both.make(NOBODY, b"x", b"1") == later
    assert both.belongs(earlier, NOBODY, b"x", b"1")
    assert not new.belongs(earlier, NOBODY, b"x", b"1")
    elsewhere = await tags(b"o" * 32, environment="prd")
    assert not elsewhere.belongs(earlier, NOBODY, b"x", b"1")


async def test_after_the_end_no_tag_is_valid() -> None:
    found = await tags(b"k" * 32)
    tag = found.make(NOBODY, b"x", b"1")
    await found.aclose()
    assert not found.belongs(tag, NOBODY, b"x", b"1")


async def test_long_values_are_not_kept_in_memory() -> None:
    found = await tags(b"k" * 32)
    owner = owner_of(PERSON)
    tracemalloc.start()
    for number in range(200):
        value = b"%d" % number + b"x" * 30_000
        assert found.belongs(found.make(owner, b"JSESSIONID", value), owner, b"jsessionid", value)
    assert tracemalloc.get_traced_memory()[0] < 1_000_000
    tracemalloc.stop()
