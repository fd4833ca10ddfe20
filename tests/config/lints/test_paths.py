"""Patterns that no request comes to; the cases with places are in tests/cases/lint/paths.txt."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.lints.warned import warned

RULE = "rules: [{{id: a, match: {{path: '{}'}}, require: [authenticated]}}]\n"


@pytest.mark.parametrize(
    "path", ["/a;b", "/list;jsessionid=x/**", "/a\\b", "/a/{x}/c;d", "/;/x", "/...;/x", "/\uff0e\uff0e/x", "/a\uff0fb"]
)  # fmt: skip
@pytest.mark.parametrize(
    "opened",
    ["", "environment: {paths: {parameters: strip}}\n", 'environment: {paths: {encoded: ["%3B"]}}\n'],
)
def test_paths_that_are_always_refused(tmp_path: Path, path: str, opened: str) -> None:
    assert len(warned(tmp_path, f"{opened}{RULE.format(path)}", "impossible-path")) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/a",
        "/a/",
        "/a/**",
        "/**",
        "/caf\u00e9/{x}",
        "/a b/c",
        "/a:b@c!$&()*,=d".replace("*", ""),
        "/~x/a+b",
        "/a.b/...",
    ],
)
def test_paths_that_come(tmp_path: Path, path: str) -> None:
    assert warned(tmp_path, RULE.format(path), "impossible-path", "own-path", "other-style") == []


@pytest.mark.parametrize("path", ["/oauth2", "/oauth2/**", "/oauth2/{x}", "/.well-known/jwks.json"])
def test_paths_of_the_gateway(tmp_path: Path, path: str) -> None:
    assert len(warned(tmp_path, RULE.format(path), "own-path")) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/users/:id",
        "/users/<id>",
        "/users/[id]",
        "/users/[0-9]+",
        "/a|b",
        "/x/(.+)",
        "/a$",
        "/^a",
    ],
)
def test_paths_as_other_tools_write_them(tmp_path: Path, path: str) -> None:
    assert len(warned(tmp_path, RULE.format(path), "other-style")) == 1


@pytest.mark.parametrize("page", ["/Default.aspx", "/x/List.ASP", "/service.svc", "/h/a.ashx"])
def test_pages_of_servers_that_fold_letters(tmp_path: Path, page: str) -> None:
    assert len(warned(tmp_path, RULE.format(page), "case-backend")) == 1
    folding = f"environment: {{paths: {{case: insensitive}}}}\n{RULE.format(page)}"
    assert warned(tmp_path, folding, "case-backend", "case-variants") == []


def test_an_expression_that_covers_no_path(tmp_path: Path) -> None:
    rule = "rules: [{id: a, match: {regex: '/n/(b/(?P<kbo>[0-9]+)|d/(?P<nr>[0-9]+))'}, require: [authenticated]}]\n"
    (found,) = warned(tmp_path, rule, "impossible-path")
    assert "a variable is never empty" in found
    one = rule.replace("(?P<nr>[0-9]+)", "[0-9]+")
    assert warned(tmp_path, one, "impossible-path") == []


def test_a_poll_that_never_comes(tmp_path: Path) -> None:
    store = "{store: 'memory:', key: 'file:secrets/ti/session.key', polling: [{path: '/a;b'}]}"
    assert (
        len(warned(tmp_path, f"environment: {{session: {store}}}\n{RULE.format('/a')}", "impossible-path"))
        == 1
    )


def test_a_test_that_names_its_rule_is_meant(tmp_path: Path) -> None:
    text = f"{RULE.format('/bestanden')}tests: [{{request: GET /bestandn, expect: deny}}, {{request: GET /bestand, expect: deny}}]\n"
    assert len(warned(tmp_path, text, "nearly-a-rule")) == 2
    meant = "tests: [{request: GET /bestandn, expect: allow, rule: a}]\n"
    assert warned(tmp_path, f"{RULE.format('/bestanden')}{meant}", "nearly-a-rule") == []


def test_tests_that_no_rule_decides(tmp_path: Path) -> None:
    def found(test: str) -> list[str]:
        return warned(tmp_path, f"{RULE.format('/a')}tests: [{{{test}, expect: deny}}]\n", "idle-test")

    (other,) = found("request: GET /b, host: other.example.be")
    assert other.startswith("this test proves nothing: nobody comes by other.example.be, only by ")
    own = other.rpartition(" ")[2]
    assert found(f'request: GET /b, host: "{own}"') == []
    assert found(f'request: GET /b, host: "{own.upper()}"') == []
    (words,) = found('request: "GET /oauth2/login?x=1"')
    assert words == "this test proves nothing: the gateway itself answers /oauth2/login"
    assert found("request: GET /oauth2x") == []
