"""Nothing secret in any log: looks through all that the tests wrote, whatever they were about, and fails the run.

What is looked for: tokens in compact form, whatever is as long and as random as a ticket, code, state or key, values of
parameters and headers that carry secrets, and the national numbers of the people in the simulation.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

_SIMULATION = Path(__file__).parent.parent / "simulator" / "seed"
_LONG = re.compile(r"(?<![A-Za-z0-9_/.+-])[A-Za-z0-9_-]{40,}(?![A-Za-z0-9_/.-])")
_CARRIED = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\."
    r"|\b(?:code|state|nonce|code_verifier|client_secret|client_assertion|access_token|refresh_token|id_token)=[A-Za-z0-9_.-]{8,}"
    r"|\bBearer [A-Za-z0-9_.-]{8,}"
    r"|-session=[A-Za-z0-9_-]{8,}"
)
# Written on purpose, to see that it is taken out on the way; the section "log" shows what came before that.
_ON_PURPOSE = ("tests/observe/test_logs.py", "tests/observe/test_masking.py")


def leaks(text: str) -> list[str]:
    """What should not stand in this text, shortened so that telling it is no leak of its own."""
    found = [match[0] for match in _CARRIED.finditer(text)]
    found += [match[0] for match in _LONG.finditer(text) if _random(match[0])]
    found += [number for number in _national_numbers() if number in text]
    return [f"{each[:12]}..." for each in dict.fromkeys(found)]


def _random(word: str) -> bool:
    """Whether a long word mixes capitals, small letters and digits, as names and hashes in hexadecimal do not."""
    return all(re.search(kind, word) for kind in ("[A-Z]", "[a-z]", "[0-9]"))


@cache
def _national_numbers() -> tuple[str, ...]:
    texts = [path.read_text("utf-8") for path in _SIMULATION.glob("*.yaml")]
    return tuple(sorted({number for text in texts for number in re.findall(r"(?<!\d)\d{11}(?!\d)", text)}))


class LeakWatch:
    """The plugin: reads what each test wrote once it has ended, and speaks at the end of the run."""

    def __init__(self, *, fails: bool) -> None:
        self.fails = fails
        self.found: list[str] = []
        self.read = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of a test has ended (where tests run in several processes: in the one that reports)."""
        if report.nodeid.startswith(_ON_PURPOSE):
            return
        for name, text in report.sections:
            self.read += len(text)
            self.found += [f"{report.nodeid} ({name}): {leak}" for leak in leaks(text)]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The last words of a run."""
        if self.found:
            terminalreporter.section("secrets in logs", red=True)
            for line in dict.fromkeys(self.found):
                terminalreporter.line(line)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A run in which something leaked has failed, where it is the run of the whole suite."""
        if self.found and self.fails:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
