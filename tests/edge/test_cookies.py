"""Our own cookies, and those of the register, in one Cookie header."""

from __future__ import annotations

import pytest

from gateway.edge.cookies import separate_cookies
from gateway.errors import BadRequest
from tests.edge.admitting import PREFIX, admit

OURS = PREFIX.encode()
SESSION = OURS + b"session="


@pytest.mark.parametrize(
    ("lines", "own", "rest"),
    [
        (["a=1"], {}, "a=1"),
        ([f"a=1; {PREFIX}session=T; b=2"], {"session": "T"}, "a=1; b=2"),
        (["a=1", f"{PREFIX}session=T"], {"session": "T"}, "a=1"),
        ([f"{PREFIX}session=T"], {"session": "T"}, None),
        ([f"{PREFIX}session=GOOD; {PREFIX}session=EVIL"], {}, None),
        ([f"{PREFIX}session=G; {PREFIX}session=E; {PREFIX}session=F; z=1"], {}, "z=1"),
        ([f"{PREFIX}session"], {}, None),
        ([f"={PREFIX}session=EVIL; a=1"], {}, "a=1"),
        ([f"{PREFIX.lower()}session=EVIL"], {}, f"{PREFIX.lower()}session=EVIL"),
        (['; ;=; =x; a; b==;;"q"; __Host-tgp-ti-session'], {}, '=; =x; a; b==; "q"'),
    ],
)
def test_own_cookies_are_ours_alone(lines: list[str], own: dict[str, str], rest: str | None) -> None:
    request = admit(*(("Cookie", line) for line in lines))
    assert request.cookies == {PREFIX + name: value for name, value in own.items()}
    sent = [value.decode("latin-1") for name, value in request.headers if name == b"cookie"]
    assert sent == ([] if rest is None else [rest])


def test_those_of_another_environment_never_reach_the_register() -> None:
    """Browsers send cookies to every port of a host: another environment may be at one."""
    request = admit(("Cookie", f"__Host-tgp-prd-session=P; {PREFIX}session=T; a=1; =__Host-tgp-prd-flow-1=P"))
    assert [value for name, value in request.headers if name == b"cookie"] == [b"a=1"]
    assert request.cookies[f"{PREFIX}session"] == "T"


@pytest.mark.parametrize(
    "lines",
    [
        [SESSION + b"GOOD; " + SESSION + b"EVIL"],
        [SESSION + b"GOOD", SESSION + b"EVIL"],
        [SESSION + b"GOOD; a=1; " + SESSION + b"GOOD"],
        [SESSION + b"A; " + SESSION + b"B; " + SESSION + b"C"],
        [OURS + b"session", SESSION + b"EVIL"],
        [SESSION + b"EVIL;" + OURS + b"session"],
        [OURS + b"session =GOOD; " + SESSION + b"EVIL"],
    ],
)
def test_a_cookie_that_is_tossed_twice_is_not_believed(lines: list[bytes]) -> None:
    own, rest = separate_cookies([*lines, OURS + b"form=F; z=1"], OURS)
    assert own == {PREFIX + "form": "F"}
    assert rest is not None
    assert OURS not in rest
    assert rest.endswith(b"z=1")


@pytest.mark.parametrize(
    "line",
    [
        b"=" + SESSION + b"EVIL",
        b" = " + SESSION + b"EVIL",
        b"\t=\t" + SESSION + b"EVIL",
    ],
)
def test_a_cookie_without_a_name_cannot_pass_for_ours(line: bytes) -> None:
    assert separate_cookies([line], OURS) == ({}, None)


@pytest.mark.parametrize(
    ("line", "value"),
    [(b'"T"', "T"), (b" T ", "T"), (b"a=b==", "a=b=="), (b"", ""), (b"caf\xe9", "caf\xe9")],
)
def test_values_are_taken_as_they_are(line: bytes, value: str) -> None:
    assert separate_cookies([SESSION + line], OURS) == ({PREFIX + "session": value}, None)


@pytest.mark.parametrize("line", [b"a=1; b=2", b"a", b"a=;;b", b'q="x;y"', b"\xff=\xfe"])
def test_without_a_cookie_of_ours_the_line_stays_as_it_is(line: bytes) -> None:
    assert separate_cookies([line], OURS) == ({}, line)


def test_thousands_of_other_cookies_are_passed_on() -> None:
    own, rest = separate_cookies([b"a;" * 8_000 + SESSION + b"T;" + b" b=1;" * 3_000], OURS)
    assert own == {PREFIX + "session": "T"}
    assert rest == b"; ".join([b"a"] * 8_000 + [b"b=1"] * 3_000)


def test_no_browser_has_hundreds_of_ours() -> None:
    for number in (256, 257):
        line = b"; ".join(b"%b%d=1" % (OURS, each) for each in range(number))
        if number == 256:
            assert len(separate_cookies([line], OURS)[0]) == number
        else:
            with pytest.raises(BadRequest) as refused:
                separate_cookies([line], OURS)
            assert refused.value.facts["reason"] == "cookies"
