"""What of an answer's header lines reaches the client, and that lines that came before mean what they meant."""

from __future__ import annotations

from itertools import product

import pytest

from gateway.caching.known_lines import RepeatedLines, VariedLines, parted
from gateway.http_semantics import HeaderLine, HeaderLines
from gateway.upstream.address_rewriter import AddressRewriter
from gateway.upstream.client_headers import ClientHeaders
from gateway.upstream.register_sessions import RegisterSessions
from gateway.upstream.session_tags import NOBODY, Owner, SessionTags


def test_headers_of_the_connection_and_own_cookies_stay_behind() -> None:
    headers = [
        *((b"connection", b"X-Once, content-length"), (b"x-once", b"1"), (b"content-length", b"0")),
        *(
            (b"keep-alive", b"5"),
            (b"alt-svc", b'h2=":8443"'),
            (b"set-cookie", b"own-session=1"),
            (b"set-cookie", b"a=own-1"),
        ),
        (b"date", b"today"),
    ]
    assert ClientHeaders("own-")(headers) == [
        (b"content-length", b"0"),
        (b"set-cookie", b"a=own-1"),
        (b"date", b"today"),
    ]


def test_no_register_sets_a_session_of_any_environment() -> None:
    own = "__Host-tgp-ti-"
    planted = [(b"set-cookie", b"__Host-tgp-%b-session=1; Path=/; Secure" % name) for name in (b"ti", b"prd")]
    assert ClientHeaders(own)([*planted, (b"date", b"today")]) == [(b"date", b"today")]


@pytest.mark.parametrize(
    ("lines", "added"),
    [
        ([(b"vary", b"Cookie"), (b"cache-control", b"private")], (b"vary", b"cookie")),
        ([(b"expires", b"0"), (b"content-type", b"text/html")], (b"cache-control", b"no-store")),
    ],
)
def test_what_stays_behind_says_nothing_of_caches(lines: list[HeaderLine], added: HeaderLine) -> None:
    removed = lines[0]
    headers = [(b"connection", removed[0]), *lines]
    found = ClientHeaders("tgp-")(headers, Owner(b"alice", b"cookie"))
    assert added in found
    assert removed not in found


def test_a_date_is_added_where_there_is_none() -> None:
    assert [name for name, _ in ClientHeaders("own-")([])] == [b"date"]


@pytest.mark.parametrize("address", [b"/a;jsessionid=0A1B", b"/a%3Bjsessionid%3D0A1B"])
async def test_a_session_in_an_address_comes_back_to_its_owner_alone(address: bytes) -> None:
    tags = SessionTags("ti", lambda: [b"k" * 32])
    await tags.start()
    sessions = RegisterSessions(["JSESSIONID"], tags, origins=["https://gw.test"])
    alice, bob = Owner(b"alice", b"cookie"), Owner(b"bob", b"cookie")
    ((_, seen), *_) = ClientHeaders("own-", sessions)([(b"location", address)], alice, 302)
    assert seen != address
    assert sessions.own_target(alice, seen, b"") == address
    assert sessions.own_target(bob, seen, b"") == b"/a"


OWNERS = (NOBODY, Owner(b"alice", b"cookie"), Owner(b"bob", b"cookie"), Owner(b"batch", b"authorization"))
KNOWN: list[list[HeaderLine]] = [
    [],
    [(b"server", b"a"), (b"content-type", b"text/html")],
    [(b"content-type", b"application/json"), (b"vary", b"accept")],
    [(b"content-type", b"image/png"), (b"cache-control", b"private")],
    [(b"connection", b"keep-alive"), (b"keep-alive", b"timeout=5")],
    [(b"connection", b"x-once, date"), (b"x-once", b"1")],
    [(b"connection", b"etag")],
    [(b"connection", b"vary"), (b"vary", b"cookie"), (b"cache-control", b"private")],
    [(b"alt-svc", b'h3=":443"'), (b"server", b"a")],
    [(b"date", b"yesterday"), (b"x-request-id", b"7")],
    [(b"location", b"http://register.test/a;jsessionid=0A1B")],
    [(b"set-cookie", b"own-session=1"), (b"set-cookie", b"JSESSIONID=0A1B")],
]
PASSING: list[HeaderLines] = [
    (),
    ((b"date", b"today"),),
    ((b"date", b"today"), (b"content-length", b"3"), (b"etag", b'"1"')),
    ((b"etag", b'"1"'), (b"last-modified", b"today"), (b"x-request-id", b"7")),
]


async def test_lines_that_came_before_reach_each_client_as_they_would_the_first_time() -> None:
    tags = SessionTags("ti", lambda: [b"k" * 32])
    await tags.start()
    sessions = RegisterSessions(["JSESSIONID"], tags, origins=["https://gw.test"])
    outside = AddressRewriter(["http://register.test"], "https://gw.test")
    known = ClientHeaders("own-", sessions, outside)
    for lines in KNOWN:
        repeated = RepeatedLines(lines)
        for _, owner, passing in product(range(2), OWNERS, PASSING):
            together = VariedLines.of(repeated, passing) if passing else repeated
            found = known(together, owner, 200)
            fresh = ClientHeaders("own-", sessions, outside)([*lines, *passing], owner, 200)
            # The moment of a Date that was added may differ between the two.
            assert sorted(name for name, _ in found) == sorted(name for name, _ in fresh)
            assert sorted(line for line in found if line[0] != b"date" or line in passing) == sorted(
                line for line in fresh if line[0] != b"date" or line in passing
            )


def test_lines_that_came_before_stay_one_object() -> None:
    for_client, repeated = ClientHeaders("own-"), RepeatedLines([(b"content-type", b"text/html")])
    owners = [Owner(b"alice", b"cookie"), Owner(b"bob", b"cookie")]
    first, second = (parted(for_client(VariedLines.of(repeated, PASSING[1]), owner))[0] for owner in owners)
    assert first is not None
    assert first is second
    assert (b"cache-control", b"no-store") in first
