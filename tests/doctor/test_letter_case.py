"""Whether the register tells capitals from small letters in paths, asked of registers that do and that don't."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.config import load
from gateway.doctor.check_result import CheckResult
from gateway.doctor.letter_case import letter_case
from tests.config.test_lock import environments
from tests.config.test_rules import rule
from tests.gateways import write_config
from tests.running import serving

KNOWN = {"/admin/list": "the list of everything", "/beheer": "x" * 500}


def register(*, folds: bool, unknown: int = 404) -> Starlette:
    seen = {path.lower() if folds else path: body for path, body in KNOWN.items()}

    async def answer(request: Request) -> Response:
        path = request.url.path.lower() if folds else request.url.path
        body = seen.get(path)
        return PlainTextResponse(body, 200) if body else PlainTextResponse("no such page", unknown)

    return Starlette(routes=[Route("/{rest:path}", answer)])


def asked(folder: Path, app: Starlette, *rules: Any, **settings: Any) -> CheckResult:
    with serving(app, lifespan="off") as running:
        environment = environments(folder)["ti"] | {"upstream": {"url": running.url}} | settings
        config = load(write_config(folder, {"ti": environment}, rules=list(rules)))
        return asyncio.run(letter_case(config.environments["ti"], config.rules["ti"]))


@pytest.mark.parametrize("path", ["/admin/list", "/beheer", "/beheer/**"])
def test_a_register_that_does_not_tell_them_apart(tmp_path: Path, path: str) -> None:
    found = asked(tmp_path, register(folds=True), rule("a", path, "authenticated"))
    assert found.status == "warning"
    assert path.removesuffix("/**").swapcase() in found.says
    assert "case: insensitive" in found.do


def test_one_that_does(tmp_path: Path) -> None:
    assert asked(tmp_path, register(folds=False), rule("a", "/admin/list", "authenticated")).status == "ok"


def test_rules_that_do_not_either_are_fine(tmp_path: Path) -> None:
    found = asked(
        tmp_path,
        register(folds=True),
        rule("a", "/admin/list", "authenticated"),
        paths={"case": "insensitive"},
    )
    assert found.status == "ok"


@pytest.mark.parametrize("path", ["/nothing", "/{id}", "/**", "/123"])
def test_where_nothing_can_be_said(tmp_path: Path, path: str) -> None:
    assert asked(tmp_path, register(folds=True), rule("a", path, "authenticated")).status == "skipped"


def test_a_register_that_answers_everything_alike_says_nothing(tmp_path: Path) -> None:
    found = asked(tmp_path, Starlette(routes=[Route("/{rest:path}", _same)]), rule("a", "/admin/list"))
    assert found.status == "skipped"


def test_a_path_inside_is_asked_with_its_prefix(tmp_path: Path) -> None:
    with serving(register(folds=True), lifespan="off") as running:
        environment = environments(tmp_path)["ti"] | {
            "upstream": {"url": running.url, "strip_prefix": "/app", "add_prefix": "/admin"}
        }
        path = write_config(tmp_path, {"ti": environment}, rules=[rule("a", "/app/list", "authenticated")])
        config = load(path)
        found = asyncio.run(letter_case(config.environments["ti"], config.rules["ti"]))
    assert found.status == "warning"


async def _same(_request: Request) -> Response:
    return PlainTextResponse("log in first", 401)
