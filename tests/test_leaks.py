"""The watch over logs: what it finds, what it leaves alone, and that a run in which it finds something fails."""

from __future__ import annotations

import random
import string
import subprocess
import sys
from pathlib import Path

import pytest

from tests.leaks import leaks

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    "text",
    [
        f'{{"ticket": "{"aB3" * 15}"}}',
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.AAAA",
        "GET /oauth2/callback?code=abcdefgh12&x=1",
        "Authorization: Bearer abcdefgh12345",
        "cookie: tgp-ti-session=abcdefgh12345",
        "rrn 92070422287",
    ],
)
def test_found(text: str) -> None:
    told = leaks(text)
    assert told
    assert all(len(each) <= 15 for each in told)


@pytest.mark.parametrize(
    "text",
    [
        '{"request_id": "3f2a9c1e3f2a9c1e3f2a9c1e3f2a9c1e", "event": "request refused", "timestamp": "2026-11-24T15:33:05Z"}',
        "/tmp/pytest-of-root/pytest-0/TestSomething1/var/a-very-long-name-of-a-folder-that-stands-here0",
        "test_a_session_cookie_that_does_not_come_back_and_more_words_in_its_name",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "reason=state-missing code-refused Bearer error",
    ],
)
def test_left_alone(text: str) -> None:
    assert leaks(text) == []


def test_what_is_random_is_found() -> None:
    signs = string.ascii_letters + string.digits + "-_"
    chosen = random.Random(1)
    missed = sum(not leaks(f" {''.join(chosen.choices(signs, k=43))} ") for _ in range(200))
    assert missed <= 1  # one that happens to hold no digit


def test_a_run_that_leaks_fails(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "from tests.leaks import LeakWatch\n\n\ndef pytest_configure(config):\n"
        "    config.pluginmanager.register(LeakWatch(fails=True))\n"
    )
    (tmp_path / "test_it.py").write_text(
        "import logging\nimport sys\n\n\n"
        "def test_fine():\n    logging.warning('nothing')\n\n\n"
        "def test_leaky():\n    print('Bearer abcdefgh12345', file=sys.stderr)\n"
    )
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    ended = subprocess.run(
        [*run, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1, ended.stdout
    assert "2 passed" in ended.stdout
    assert "test_leaky (Captured stderr call): Bearer abcde..." in ended.stdout
