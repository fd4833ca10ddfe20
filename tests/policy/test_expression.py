"""Regular expressions: linear time, the whole path, and known beginnings."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from gateway.policy.evaluate import decide
from gateway.policy.expression import parse_expression
from gateway.policy.pattern import parse_regex
from gateway.policy.ruleset import Rule, compile_rules
from tests.policy.conftest import given, policy


@pytest.mark.parametrize(
    ("text", "path", "variables"),
    [
        ("/a", "/a", {}),
        ("/a", "/ab", None),
        ("/a", "/x/a", None),
        ("^/a$", "/a", {}),
        ("/a.*", "/a/b/c", {}),
        ("/a", "/A", None),
        ("/o/(?P<kbo>[0-9]{10})/.*", "/o/0428315871/m", {"kbo": "0428315871"}),
        ("/o/(?P<kbo>[0-9]{10})/.*", "/o/042831587/m", None),
        ("/o/(?P<kbo>[0-9]*)/m", "/o//m", None),
        ("/o(/(?P<kbo>[0-9]+))?", "/o", None),
        (r"/report\.pdf", "/report.pdf", {}),
        (r"/report\.pdf", "/reportxpdf", None),
        ("/a|/b/c", "/b/c", {}),
        ("/a|/b/c", "/a/c", None),
        ("/é+", "/éé", {}),
    ],
)
def test_what_it_matches(text: str, path: str, variables: dict[str, str] | None) -> None:
    assert parse_regex(text).match(tuple(path[1:].split("/"))) == variables


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("/a/b", ("a",)),
        ("/a/b/", ("a", "b")),
        ("/a/.*", ("a",)),
        ("/a/b*", ("a",)),
        ("/a/?b", ()),
        ("/a/b{2}/c", ("a",)),
        ("/a/x|/b", ()),
        ("/a/(x|y)/b", ()),
        (r"/a\.b/c", ("a.b",)),
        (r"/a\d/c", ()),
        ("^/a/b/[c]", ("a", "b")),
    ],
)
def test_how_its_paths_begin(text: str, prefix: tuple[str, ...]) -> None:
    assert parse_expression(text).prefix == prefix


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("(", "begin it with a slash"),
        ("/(", r"this is not a valid regular expression .*missing \)"),
        ("/a(?=b)", "RE2"),
        (r"/(a)\1", "RE2"),
        ("(?i)^/admin", "begin it with a slash"),
        ("/(?i)admin", "flags such as"),
        ("/(?s:.)", "flags such as"),
        ("/(?P<Kbo>a)", "is not a variable"),
        ("/(?P<kbo>a)/(?P<kbo>b)", "the variable kbo is used twice"),
        ("/(?<kbo>a)|/(?P<kbo>b)", "the variable kbo is used twice"),
        ("/" + "a" * 1_000, "longer than"),
        ("/(a{1000}){1000}", "RE2"),
    ],
)
def test_what_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_regex(text)


def test_it_takes_linear_time() -> None:
    for text in ("/(a+)+", "/(a|aa)+", "/(.*)*b"):
        pattern = parse_regex(text)
        start = time.process_time()
        assert pattern.match(("a" * 5_000 + "!",)) is None
        assert time.process_time() - start < 1.0


PIECES = st.sampled_from(
    ["a", "b", "/", "[ab]", "[^/]", ".", r"\.", "(a|b/)", "a*", "b+", "/?", "(?:ab){2}", r"\d", "x{1,2}"]
)


TEXTS = st.lists(PIECES, max_size=4).map(lambda pieces: "/" + "".join(pieces))
PATHS = st.text("ab/.0x", max_size=6).map(lambda text: f"/{text}")


@for_all(st.lists(TEXTS, max_size=6), PATHS)
def test_rules_with_expressions_decide_as_a_plain_scan_does(texts: list[str], path: str) -> None:
    rules = compile_rules(
        [Rule(f"r{n}", parse_regex(text), None, None, (policy("anyone"),)) for n, text in enumerate(texts)],
        {},
    )
    plain = next((f"r{n}" for n, text in enumerate(texts) if re.fullmatch(text, path)), None)
    assert decide(rules, given(path)).rule == plain
    assert decide(rules, given(path), trace=True).rule == plain


@pytest.mark.parametrize(
    "text", [r"/[(?P<a>]b(?P<a>c)", r"/\Q(?P<a>\E(?P<a>c)", r"/\(?P<a>(?P<a>c)", "/[](?P<a>](?P<a>c)"]
)
def test_what_only_looks_like_a_variable(text: str) -> None:
    assert parse_expression(text).names == ("a",)
