"""Log lines are JSON, and contain no secret, whoever writes them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from gateway.observe.logs import configure_logs
from gateway.reference import reference_of

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiI4NSJ9.c2lnbmF0dXJl"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = handlers
    root.setLevel(level)


def lines_of(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_our_lines_and_those_of_libraries_have_one_form(stream: io.StringIO) -> None:
    configure_logs(stream=stream)
    structlog.contextvars.bind_contextvars(request_id="r-1")
    structlog.get_logger().info("login finished", result="ok", seconds=0.5)
    logging.getLogger("uvicorn.error").warning("bad %s", "thing", extra={"port": 8000})
    structlog.get_logger().debug("not shown")
    logging.getLogger("uvicorn.access").info("not shown either")
    ours, theirs = lines_of(stream)
    assert (ours["event"], ours["level"], ours["result"], ours["request_id"]) == (
        "login finished",
        "info",
        "ok",
        "r-1",
    )
    assert (theirs["event"], theirs["level"], theirs["logger"], theirs["port"]) == (
        "bad thing",
        "warning",
        "uvicorn.error",
        8000,
    )
    assert ours["timestamp"].endswith("Z")
    assert ours["reference"] == reference_of("r-1")


def test_a_flood_of_equal_lines_is_counted(stream: io.StringIO) -> None:
    configure_logs(stream=stream)
    for number in range(1_000):
        structlog.get_logger().info("login failed", number=number)
        structlog.get_logger("other").warning("login failed", number=number)
        structlog.get_logger().error("request failed")
    lines = [line["event"] for line in lines_of(stream)]
    assert (lines.count("login failed"), lines.count("request failed")) == (300, 1_000)


def test_no_secret_passes(stream: io.StringIO) -> None:
    configure_logs(stream=stream, level="debug")
    log = structlog.get_logger()
    log.info(
        f"got {JWT}",
        access_token="geheim",
        cookie="geheim",
        code="geheim",
        headers={"Authorization": "geheim", "set-cookie": ["geheim"]},
        clientSecret=b"geheim",
        url="http://x/cb?code=geheim&state=geheim&scope=openid",
        subject="850730-033.28",
        number=85073003328,
        cookie_name="tgp-ti-session",
        token_endpoint="http://op/token",
    )
    try:
        raise ValueError(f"token {JWT} of 85.07.30-033.28")
    except ValueError:
        log.exception("failed")
    logging.getLogger("x").error("for %s", "85073003328", extra={"password": "geheim"})
    text = stream.getvalue()
    for secret in ("geheim", "eyJ", "85073003328", "85.07.30"):
        assert secret not in text
    log.error("request refused", code="upstream-timeout", state=["x"])
    assert lines_of(stream)[-1]["code"] == "upstream-timeout"
    first = lines_of(stream)[0]
    assert first["cookie_name"] == "tgp-ti-session"
    assert first["token_endpoint"] == "http://op/token"
    assert first["url"] == "http://x/cb?code=[redacted]&state=[redacted]&scope=openid"
    assert "ValueError" in lines_of(stream)[1]["exception"]


def test_a_person_can_watch(stream: io.StringIO) -> None:
    configure_logs(stream=stream, form="console", level="warning")
    structlog.get_logger().info("not shown")
    structlog.get_logger().warning("careful", token="geheim", port=1)
    assert "careful" in stream.getvalue()
    assert "geheim" not in stream.getvalue()
    assert "not shown" not in stream.getvalue()
