"""The load: wrk with 32 connections on a core of its own, with a bare or a browser-sized request."""

from __future__ import annotations

import re
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import httpx2

from benchmarks.peers.processes import LOAD_CORE, NotRunning, processor_seconds
from benchmarks.peers.target import Target

CONNECTIONS = 32
_BROWSER = {
    "Cache-Control": "max-age=0",
    "sec-ch-ua": '"Chromium";v="126", "Google Chrome";v="126", "Not-A.Brand";v="99"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
    "Upgrade-Insecure-Requests": "1",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-User": "?1",
    "Sec-Fetch-Dest": "document",
    "Referer": "http://localhost/organisaties/0428315871/meldingen",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "nl-BE,nl;q=0.9,en;q=0.8",
}
# Stands for the number of the request.
_NUMBER = "NUMBER"
SHAPES = {
    "bare request": dict[str, str](),
    "browser-sized request (16 headers)": _BROWSER,
    "browser-sized request, with a Referer that differs each time": {
        **_BROWSER, "Referer": f"http://localhost/meldingen/{_NUMBER}",
    },
}  # fmt: skip
# For wrk (Lua): a header line is written anew for each request.
_NUMBERED = """
local number, line = 0, wrk.headers["{name}"]
request = function()
    number = number + 1
    wrk.headers["{name}"] = line:gsub("NUMBER", number)
    return wrk.format()
end
"""
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Run:
    """Requests a second, microseconds of processor for each, and the median and 99th percentile in milliseconds."""

    rate: float
    processor: float
    p50: float
    p99: float


def median(runs: Sequence[Run]) -> Run:
    """The median of each figure on its own."""
    return Run(*(statistics.median(figures) for figures in zip(*map(astuple, runs), strict=True)))


def check(target: Target, *, authenticates: bool) -> None:
    """Raises NotRunning unless the target answers what the upstream says, and that only to the logged-in."""
    with httpx2.Client(trust_env=False, timeout=10) as client:
        answer = client.get(target.url, headers={"cookie": target.cookie} if target.cookie else {})
        if answer.status_code != 200 or len(answer.content) != 1024:
            raise NotRunning(f"answers {answer.status_code} with {len(answer.content)} bytes")
        if authenticates and client.get(target.url).status_code == 200:
            raise NotRunning("lets everybody through")


def wrk(target: Target, headers: dict[str, str], seconds: int) -> Run:
    """Load for this long. Raises NotRunning where an answer is not a 2xx or a connection fails."""
    sent = [f"{name}: {value}" for name, value in headers.items()]
    if target.cookie or headers:
        sent.append(f"Cookie: {target.cookie or 'theme=light'}")
    numbered = [name for name, value in headers.items() if _NUMBER in value]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write("".join(_NUMBERED.format(name=name) for name in numbered))
        script.flush()
        before = processor_seconds(target.pid)
        done = subprocess.run(
            ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency",
             *(("-s", script.name) if numbered else ()), *(word for line in sent for word in ("-H", line)), target.url],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return read(done.stdout, processor_seconds(target.pid) - before)


def read(printed: str, spent: float) -> Run:
    """What wrk printed, and the seconds of processor that the target spent on it."""
    fault = re.search(r"Non-2xx.*|Socket errors.*", printed)
    count = re.search(r"(\d+) requests in", printed)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    if fault or count is None or rate is None:
        raise NotRunning(f"wrk: {fault[0] if fault else printed}")
    return Run(
        float(rate[1]), spent / int(count[1]) * 1e6, _percentile(50, printed), _percentile(99, printed)
    )


def _percentile(which: int, printed: str) -> float:
    found = re.search(rf"\n\s+{which}%\s+([\d.]+)(us|ms|s|m)\s*\n", printed)
    if found is None:
        raise NotRunning(f"wrk: {printed}")
    return float(found[1]) * _MILLISECONDS[found[2]]
