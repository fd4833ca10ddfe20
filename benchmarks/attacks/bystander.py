"""A person who asks for a small page ten times a second while an attack goes on.

`python -m benchmarks.attacks.bystander PORT SECONDS [COOKIE]` prints the waits as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time

_ADDRESS = "127.0.0.2"
_EVERY, _PATIENCE = 0.1, 5.0


async def ask(port: int, cookie: str) -> float | None:
    """Seconds until a whole 200 was there, over a new connection; None where none came in time."""
    lines = ["GET /public/ok HTTP/1.1", f"Host: localhost:{port}", "Connection: close"]
    if cookie:
        lines.append(f"Cookie: {cookie}")
    begun = time.perf_counter()
    answer = b""
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(_ADDRESS, 0))
            try:
                writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
                answer = await reader.read()
            finally:
                writer.close()
    return time.perf_counter() - begun if answer.startswith(b"HTTP/1.1 200 ") else None


async def watch(port: int, seconds: float, cookie: str) -> list[float | None]:
    """The wait of each request, in their order."""
    end = time.monotonic() + seconds
    asked = []
    while time.monotonic() < end:
        asked.append(asyncio.create_task(ask(port, cookie)))
        await asyncio.sleep(_EVERY)
    return list(await asyncio.gather(*asked))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(watch(int(sys.argv[1]), float(sys.argv[2]), "".join(sys.argv[3:])))))
