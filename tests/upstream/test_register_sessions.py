"""The register's own sessions in cookies and addresses, to the octet: what passes, what gets a tag, what is dropped."""

from __future__ import annotations

import asyncio
import re
import tracemalloc

import pytest

from gateway.upstream.register_sessions import RegisterSessions
from gateway.upstream.session_claims import SessionClaims
from gateway.upstream.session_tags import NOBODY, Owner, SessionTags
from gateway.upstream.settings import SESSION_COOKIES

ALICE, BOB = Owner(b"alice", b"cookie"), Owner(b"bob", b"cookie")
TAG = re.compile(rb"[A-Za-z0-9_-]{22}~")
ORIGINS = ("https://register.example", "http://tomcat.internal:8080")


@pytest.fixture
def sessions() -> RegisterSessions:
    tags = SessionTags("ti", lambda: [b"k" * 32])
    asyncio.run(tags.start())
    return RegisterSessions((*SESSION_COOKIES, "ASPSESSIONID*", "my_session"), tags, origins=ORIGINS)


def tagged(sessions: RegisterSessions, owner: Owner, pair: bytes) -> bytes:
    """The pair that a browser sends back after `Set-Cookie: pair`."""
    return sessions.tagged_cookie(owner, pair + b"; Path=/").removesuffix(b"; Path=/")


@pytest.mark.parametrize(
    "value",
    [
        b"JSESSIONID=0A1B; Path=/app; HttpOnly",
        b"JSESSIONID=0A1B.node1;Path=/app;Secure;SameSite=Lax",
        b"jsessionid = 0A1B ; path=/",
        b'JSESSIONID="0A1B=="; Version=1; Path=/',
        b"PHPSESSID=k9p2-a,b",
        b"ASP.NET_SessionId=abc; path=/; HttpOnly",
        b"ASPSESSIONIDQQABTDCC=ABC; path=/",
        b"LtpaToken2=a+/b==; Path=/; Domain=.internal",
        b"__Host-JSESSIONID=0A1B; Path=/; Secure",
        b"__secure-PHPSESSID=0A1B; Path=/; Secure; Partitioned",
        b"JSESSIONIDSSO=AA~BB; Path=/",
    ],
)
def test_a_session_gets_a_tag_and_loses_it_again(sessions: RegisterSessions, value: bytes) -> None:
    seen = sessions.tagged_cookie(ALICE, value)
    assert TAG.sub(b"", seen, count=1) == value
    assert seen != value
    sent, original = seen.partition(b";")[0], value.partition(b";")[0]
    assert sessions.own_cookies(ALICE, b"a=1; " + sent + b"; b=2") == b"a=1; " + original + b"; b=2"
    for other in (BOB, NOBODY):
        assert sessions.own_cookies(other, b"a=1; " + sent + b"; b=2") == b"a=1; b=2"


def test_a_line_that_came_before_means_what_it_means_under_the_keys_of_today() -> None:
    old, new = b"o" * 32, b"n" * 32
    tags = SessionTags("ti", lambda: [old])
    asyncio.run(tags.start())
    sessions = RegisterSessions(SESSION_COOKIES, tags, origins=ORIGINS)
    under_old = tagged(sessions, ALICE, b"JSESSIONID=0A1B")
    tags.use_keys([new, old])
    under_new = tagged(sessions, ALICE, b"JSESSIONID=0A1B")
    tags.use_keys([old])
    assert [sessions.own_cookies(ALICE, each) for each in (under_old, under_new)] == [b"JSESSIONID=0A1B", b""]
    tags.use_keys([new])
    assert [sessions.own_cookies(ALICE, each) for each in (under_old, under_new)] == [b"", b"JSESSIONID=0A1B"]


def test_the_route_of_a_balancer_stays_at_the_end(sessions: RegisterSessions) -> None:
    seen = tagged(sessions, ALICE, b"JSESSIONID=0A1B.node1")
    assert seen.partition(b".")[2] == b"node1"


@pytest.mark.parametrize(
    "value",
    [
        b"JSESSIONID=; Path=/app; Max-Age=0",
        b'JSESSIONID=""; Expires=Thu, 01-Jan-1970 00:00:10 GMT',
        b"JSESSIONID; Path=/",
        b"theme=JSESSIONID; Path=/",
        b"XJSESSIONID=1",
        b"JSESSIONID2=1",
        b"=JSESSIONID=1",
        b"",
    ],
)
def test_whatever_begins_no_session_is_passed_on(sessions: RegisterSessions, value: bytes) -> None:
    assert sessions.tagged_cookie(ALICE, value) == value


@pytest.mark.parametrize(
    "line",
    [
        b'a=1;b=2;  c = 3 ;;d; =x; e="q;r"',
        b"shopID=JSESSION; XJSESSIONID=1; JSESSIONID_X=2",
        b"last=https://x/?PHPSESSID=1&JSESSIONID=2; x{JSESSIONID=1",
        b"back=%2Fa%3Bjsessionid%3D1; consent=%7B%22a%22%3A1%7D",
    ],
)
def test_other_cookies_are_passed_on_to_the_octet(sessions: RegisterSessions, line: bytes) -> None:
    assert sessions.own_cookies(ALICE, line) == line


@pytest.mark.parametrize(
    "foreign",
    [
        b"JSESSIONID=0A1B",
        b"jsessionid=0A1B",
        b"JSESSIONID",
        b"JSESSIONID=",
        b'"JSESSIONID"=0A1B',
        b"=JSESSIONID=0A1B",
        b"\tJSESSIONID\t=\t0A1B",
        b"__Host-JSESSIONID=0A1B",
        b"JSESSI%4fNID=0A1B",
        b"JSESSIONID=AAAAAAAAAAAAAAAAAAAAAA~0A1B",
        b"x=1,JSESSIONID=0A1B",
        b'x="1" JSESSIONID=0A1B',
        b"x=1, __Host-jsessionid = 0A1B",
        b"ASPSESSIONIDAAAA=0A1B",
        # Signs that some servers drop before a name or after it, white space of Unicode among them.
        b"(JSESSIONID=0A1B",
        b"@[JSESSIONID}=0A1B",
        b"\xa0JSESSIONID=0A1B",
        b"\xc2\xa0JSESSIONID\x85=0A1B",
        b"x=1,(JSESSIONID=0A1B",
        # WebOb reads on there.
        b"x=1]JSESSIONID=0A1B",
        b"x[a\\JSESSIONID =0A1B",
        b'x="1\xa0JSESSIONID=0A1B',
        # A list in one cookie, decoded after it is split.
        b"x=1,%4aSESSIONID=0A1B",
        # PHP makes underscores of these.
        b"my.session=0A1B",
        b"my session=0A1B",
        b"my[session=0A1B",
        b"My_Session=0A1B",
    ],
)
def test_a_session_without_the_tag_of_the_one_who_asks_is_dropped(
    sessions: RegisterSessions, foreign: bytes
) -> None:
    assert sessions.own_cookies(ALICE, foreign) == b""
    assert sessions.own_cookies(ALICE, b"a=1; " + foreign + b";b=2") == b"a=1;b=2"
    assert sessions.own_cookies(ALICE, foreign + b"; a=1") == b"a=1"


def test_of_several_of_one_name_only_the_own_ones_pass_in_their_order(sessions: RegisterSessions) -> None:
    first, second = (tagged(sessions, ALICE, b"JSESSIONID=" + each) for each in (b"A1", b"A2"))
    theirs = tagged(sessions, BOB, b"JSESSIONID=B1")
    line = b"; ".join((b"JSESSIONID=X", theirs, first, b"a=1", b"JSESSIONID=Y", second))
    assert sessions.own_cookies(ALICE, line) == b"JSESSIONID=A1; a=1; JSESSIONID=A2"


def test_a_tag_does_not_cover_a_second_cookie_behind_a_comma(sessions: RegisterSessions) -> None:
    mine = tagged(sessions, ALICE, b"JSESSIONID=A1")
    assert sessions.own_cookies(ALICE, mine + b",JSESSIONID=B1") == b""


def test_long_lines_are_not_kept_in_memory(sessions: RegisterSessions) -> None:
    tracemalloc.start()
    for number in range(200):
        assert sessions.own_cookies(ALICE, b"a=%d; JSESSIONID=" % number + b"x" * 30_000) == b"a=%d" % number
    assert tracemalloc.get_traced_memory()[0] < 1_000_000
    tracemalloc.stop()


# In paths


@pytest.mark.parametrize(
    ("location", "path"),
    [
        (b"/app/lijst.xhtml;jsessionid=0A1B.node1?x=1;jsessionid=2#d", b"/app/lijst.xhtml;jsessionid="),
        (b"lijst.xhtml;JSESSIONID=0A1B", b"lijst.xhtml;JSESSIONID="),
        (b"https://register.example/a;jsessionid=0A1B", b"https://register.example/a;jsessionid="),
        (b"http://tomcat.internal:8080/a;jsessionid=0A1B/b", b"http://tomcat.internal:8080/a;jsessionid="),
        (b"//register.example/a;v=1;jsessionid=0A1B", b"//register.example/a;v=1;jsessionid="),
        (b"https://Register.Example:443/a;jsessionid=0A1B", b"https://Register.Example:443/a;jsessionid="),
        (b"http://register.example:/a;jsessionid=0A1B", b"http://register.example:/a;jsessionid="),
        (b"/a%3Bjsessionid=0A1B", b"/a%3Bjsessionid="),
    ],
)
def test_a_session_in_an_address_of_this_site_gets_a_tag(
    sessions: RegisterSessions, location: bytes, path: bytes
) -> None:
    seen = sessions.tagged_address(ALICE, b"location", location)
    assert seen.startswith(path)
    assert TAG.match(seen.removeprefix(path))
    assert TAG.sub(b"", seen, count=1) == location


def test_a_session_in_refresh_gets_a_tag(sessions: RegisterSessions) -> None:
    value = b"5; url='/a;jsessionid=0A1B?x'"
    assert TAG.sub(b"", sessions.tagged_address(ALICE, b"refresh", value), count=1) == value
    assert sessions.tagged_address(ALICE, b"refresh", value) != value
    quoted = sessions.tagged_address(ALICE, b"refresh", b'0; url="/a;jsessionid=0A1B"; x')
    assert quoted.endswith(b'~0A1B"; x')
    address = quoted.split(b'"')[1]
    assert sessions.own_target(ALICE, address, b"") == b"/a;jsessionid=0A1B"
    elsewhere = b"0;URL=https://elsewhere.example/a;jsessionid=1"
    assert sessions.tagged_address(ALICE, b"refresh", elsewhere) == elsewhere


@pytest.mark.parametrize(
    "location",
    [
        b"https://elsewhere.example/a;jsessionid=0A1B",
        b"//elsewhere.example/a;jsessionid=0A1B",
        b"https://register.example:444/a;jsessionid=0A1B",
        b"https://register.example:80:443/a;jsessionid=0A1B",
        b"mailto:a;jsessionid=1",
        b"/a?b;jsessionid=1",
        b"/a#b;jsessionid=1",
        b"/a;jsessionid=",
        b"/a;v=1",
    ],
)
def test_other_addresses_stay(sessions: RegisterSessions, location: bytes) -> None:
    assert sessions.tagged_address(ALICE, b"location", location) == location


def test_the_own_session_in_a_path_loses_its_tag(sessions: RegisterSessions) -> None:
    target = sessions.tagged_address(ALICE, b"location", b"/a;v=1;jsessionid=0A1B.n/b;w?x=;jsessionid=2")
    assert sessions.own_target(ALICE, target, b"") == b"/a;v=1;jsessionid=0A1B.n/b;w?x=;jsessionid=2"
    assert sessions.own_target(BOB, target, b"") == b"/a;v=1/b;w?x=;jsessionid=2"


@pytest.mark.parametrize(
    ("target", "clean"),
    [
        (b"/lijst.xhtml;jsessionid=0A1B.node1?x=1", b"/lijst.xhtml?x=1"),
        (b"/a;JSessionID=0A1B/b;phpsessid=2/c", b"/a/b/c"),
        (b"/a;jsession%69d=0A1B", b"/a"),
        (b"/a;jsessionid%3D0A1B", b"/a"),
        (b"/a;jsessionid", b"/a"),
        (b"/a;v=1;jsessionid=0'A;w=2", b"/a;v=1;w=2"),
        (b"/;jsessionid=0A1B", b"/"),
        (b"/a;v=1&jsessionid=0A1B", b"/a"),
        (b"/a;v=1,jsessionid=0A1B/b", b"/a/b"),
        (b"/a;v=1%2Cjsessionid=0A1B/b", b"/a/b"),
        (b"/a;v=1%2cjsession%69d%3d0A1B/b", b"/a/b"),
        (b"/a;v=%26jsessionid%3D0A1B", b"/a"),
        (b"/a;v=1,w=%2C%2Cjsessionid=0A1B", b"/a"),
        (b"/a%3Bjsessionid=0A1B/b", b"/a/b"),
        (b"/a%3bv=1%3Bjsession%69d=0A1B;w", b"/a%3bv=1;w"),
    ],
)
def test_a_session_in_a_path_without_its_tag_is_taken_out(
    sessions: RegisterSessions, target: bytes, clean: bytes
) -> None:
    assert sessions.own_target(ALICE, target, b"a=1") == clean


@pytest.mark.parametrize(
    "target",
    [
        b"/a;v=1/b",
        b"/a?b;jsessionid=1",
        b"/a%3Bv=1",
        b"/a;x=jsessionid=1",
        b"/a;v=1,2&w=3",
        b"/a;v=1%2C2%26w%3D3",
    ],
)
def test_other_parameters_stay(sessions: RegisterSessions, target: bytes) -> None:
    assert sessions.own_target(ALICE, target, b"") == target


def test_a_link_of_the_first_page_names_the_session_of_the_cookie(sessions: RegisterSessions) -> None:
    """The links in a page are not rewritten: the same value in the cookie shows whose it is."""
    line = sessions.own_cookies(ALICE, tagged(sessions, ALICE, b"JSESSIONID=0A1B.n"))
    assert sessions.own_target(ALICE, b"/a;jsessionid=0A1B.n", line) == b"/a;jsessionid=0A1B.n"
    assert sessions.own_target(ALICE, b"/a;jsessionid=0A1C.n", line) == b"/a"


@pytest.fixture
def by_links() -> RegisterSessions:
    tags = SessionTags("ti", lambda: [b"k" * 32])
    asyncio.run(tags.start())
    return RegisterSessions(("JSESSIONID",), tags, origins=ORIGINS, claims=SessionClaims())


def test_a_session_in_a_link_is_of_the_one_who_came_with_it_first(by_links: RegisterSessions) -> None:
    for _ in range(2):
        assert by_links.own_target(ALICE, b"/a;jsessionid=0A1B.n?x", b"") == b"/a;jsessionid=0A1B.n?x"
        for other in (BOB, NOBODY):
            assert by_links.own_target(other, b"/a;jsessionid=0A1B.n?x", b"") == b"/a?x"


@pytest.mark.parametrize("begin", [b"JSESSIONID=0A1B; Path=/", b"/a;jsessionid=0A1B"])
def test_a_session_that_the_register_gave_to_somebody_is_theirs(
    by_links: RegisterSessions, begin: bytes
) -> None:
    if begin.startswith(b"/"):
        given = by_links.tagged_address(ALICE, b"location", begin)
    else:
        given = b"/a;" + by_links.tagged_cookie(ALICE, begin).partition(b";")[0]
    assert by_links.own_target(BOB, b"/a;jsessionid=0A1B", b"") == b"/a"
    assert by_links.own_target(ALICE, b"/a;jsessionid=0A1B", b"") == b"/a;jsessionid=0A1B"
    assert by_links.own_target(ALICE, given, b"").lower() == b"/a;jsessionid=0a1b"
    assert by_links.own_target(BOB, given, b"") == b"/a"
    assert by_links.own_cookies(ALICE, b"JSESSIONID=0A1B") == b""


# At a logout


def test_a_logout_expires_the_cookies_where_the_register_set_them(sessions: RegisterSessions) -> None:
    sessions.tagged_cookie(
        ALICE, b"JSESSIONID=0A1B; Path=/app; Expires=Wed, 01 Jan 2031 00:00:00 GMT; HttpOnly"
    )
    sessions.tagged_cookie(BOB, b"JSESSIONID=0A1C; Path=/app; max-age=60; HttpOnly")
    sessions.tagged_cookie(BOB, b"a=1; Path=/app")
    assert sessions.expired(b"JSESSIONID=x") == ("JSESSIONID=; Path=/app; HttpOnly; Max-Age=0",)
    assert sessions.expired(b"phpsessid=1; a=2") == (
        "JSESSIONID=; Path=/app; HttpOnly; Max-Age=0",
        "phpsessid=; Path=/; Secure; Max-Age=0",
    )


def test_a_logout_expires_no_name_that_cannot_stand_in_a_header(sessions: RegisterSessions) -> None:
    assert sessions.expired(
        b'ASPSESSIONID%00=1; ASPSESSIONIDA%0d%0ax=1; ASPSESSIONID<"=1; ASPSESSIONIDB=1'
    ) == (
        "ASPSESSIONID=; Path=/; Secure; Max-Age=0",
        "ASPSESSIONIDB=; Path=/; Secure; Max-Age=0",
    )


def test_of_many_cookies_the_latest_are_remembered(sessions: RegisterSessions) -> None:
    for number in range(100):
        sessions.tagged_cookie(ALICE, b"JSESSIONID=1; Path=/%d" % number)
    sessions.tagged_cookie(ALICE, b"JSESSIONID=1; Path=/" + b"x" * 300)
    sessions.tagged_cookie(ALICE, b"JSESSIONID=1; Path=/\xe9")
    lines = sessions.expired(b"")
    assert len(lines) == 32
    assert lines[-1] == "JSESSIONID=; Path=/99; Max-Age=0"
