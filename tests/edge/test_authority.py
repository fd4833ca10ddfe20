"""Under which names requests may come in."""

from __future__ import annotations

import pytest

from gateway.edge.authority import Authorities, host_name, host_names
from gateway.errors import BadRequest
from tests.edge.admitting import admission, scope


@pytest.mark.parametrize("host", ["gw.test", "GW.TEST", "gw.test:443"])
def test_every_spelling_of_our_host_is_one(host: str) -> None:
    assert admission().admit(scope(("Host", host))).host == "gw.test"


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        ["gw.test", "gw.test"],
        ["evil.test"],
        ["gw.test:80"],
        ["gw.test."],
        ["gw.test, evil.test"],
        ["gw.test@evil.test"],
        [""],
    ],
)
def test_no_several_or_foreign_hosts(hosts: list[str]) -> None:
    with pytest.raises(BadRequest):
        admission().admit(scope(*(("Host", host) for host in hosts)))


def test_further_hosts_are_known() -> None:
    assert (
        admission(hosts=["alias.test:8443"]).admit(scope(("Host", "alias.test:8443"))).host
        == "alias.test:8443"
    )


@pytest.mark.parametrize(
    ("url", "same", "others"),
    [
        ("https://gw.test", [b"gw.test", b"GW.test", b"gw.test:443"], [b"gw.test:80", b"gw.test:8443"]),
        ("http://gw.test", [b"gw.test", b"gw.test:80"], [b"gw.test:443"]),
        ("http://gw.test:8000", [b"gw.test:8000"], [b"gw.test", b"gw.test:80", b"gw.test:08000"]),
        ("https://[2001:db8::1]", [b"[2001:db8::1]", b"[2001:DB8::1]:443"], [b"2001:db8::1", b"[2001:db8::1]:80"]),
        ("https://[::1]:8443", [b"[::1]:8443"], [b"[::1]", b"::1:8443"]),
    ],
)  # fmt: skip
def test_the_port_of_the_scheme_may_be_named(url: str, same: list[bytes], others: list[bytes]) -> None:
    known = Authorities(url)
    assert {known.canonical([host]) for host in same} == {known.public}
    for host in [*others, b"", b"gw.test\x00", b"evil.test", b" gw.test", b"gw.test."]:
        with pytest.raises(BadRequest) as caught:
            known.canonical([host])
        assert caught.value.facts["reason"] == "host-unknown"


@pytest.mark.parametrize(
    "name", ["", "gw test", "gw.test:0", "gw.test:65536", "gw.test:x", "-gw.test", "a@b", "gw.test/", "[::1", "*.gw.test"]
)  # fmt: skip
def test_what_is_no_host_name_cannot_be_configured(name: str) -> None:
    with pytest.raises(ValueError, match="is not a host name"):
        Authorities("https://gw.test", [name])


@pytest.mark.parametrize(
    ("public_url", "further", "names"),
    [
        ("https://gw.test", (), ("gw.test",)),
        (
            "https://GW.test:443",
            ("alias.test:443", "alias.test:80"),
            ("gw.test", "alias.test", "alias.test:80"),
        ),
        ("http://localhost:80", ("gw.test:80", "localhost"), ("localhost", "gw.test")),
        ("https://[::1]:443", (), ("[::1]",)),
    ],
)
def test_names_as_rules_see_them(public_url: str, further: tuple[str, ...], names: tuple[str, ...]) -> None:
    assert host_names(public_url, further) == names
    found = Authorities(public_url, further)
    assert (found.public, found.names) == (names[0], frozenset(names))


@pytest.mark.parametrize("name", ["gw.test:0443", "gw.test:0", "gw.test:65536", "gw.test:"])
def test_a_port_that_nobody_sends_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a host name"):
        host_name(name)


def test_the_names_that_a_request_may_have() -> None:
    names = Authorities("https://register.example.be", ["other.example.be:8443"])
    assert names.knows("REGISTER.example.be")
    assert names.knows("register.example.be:443")
    assert names.knows("other.example.be:8443")
    assert not names.knows("other.example.be")
    assert not names.knows("r\u00e9gister.example.be")
