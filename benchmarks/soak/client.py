"""HTTP/1.1 over one connection, as a client or a server reads it, with nothing hidden: what is odd raises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

Headers = dict[str, str]
_PIECE = 1 << 18


@dataclass
class Answer:
    """A whole answer; `cookies` has the name=value pairs that it sets."""

    status: int
    headers: Headers
    body: bytes = b""
    cookies: list[str] = field(default_factory=list)


async def read_head(reader: asyncio.StreamReader) -> tuple[str, Headers]:
    """(first line, headers by lower-case name; of Set-Cookie all values, one a line)."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip("\r\n").split("\r\n")
    headers: Headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}\n{value}" if name in headers else value
    return first, headers


async def read_body(
    reader: asyncio.StreamReader, headers: Headers, *, of_request: bool = False
) -> AsyncIterator[bytes]:
    """The parts of a body. Raises IncompleteReadError if it is cut, ValueError without framing."""
    if headers.get("transfer-encoding") == "chunked":
        while size := int(await reader.readuntil(b"\r\n"), 16):
            yield await reader.readexactly(size)
            if await reader.readexactly(2) != b"\r\n":
                raise ValueError("no line end after a chunk")
        await reader.readuntil(b"\r\n")
    elif "content-length" in headers:
        left = int(headers["content-length"])
        while left:
            part = await reader.read(min(left, _PIECE))
            if not part:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(part)
            yield part
    elif not of_request:
        raise ValueError("an answer without framing")


class Client:
    """One connection to the gateway."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def __aenter__(self) -> Client:
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self._port, limit=1 << 18, local_addr=("127.0.0.1", 0)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.transport.abort()

    async def begin(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Headers]:
        """Send a request; the status and headers of its answer."""
        lines = {"host": self._host, **headers}
        if body:
            lines["content-length"] = str(len(body))
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in lines.items()
        )
        self.writer.write(head.encode("latin-1") + b"\r\n" + body)
        await self.writer.drain()
        line, found = await read_head(self.reader)
        return int(line.split(" ")[1]), found

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """A request and its whole answer."""
        status, found = await self.begin(method, path, headers or {}, body)
        answer = Answer(
            status,
            found,
            cookies=[each.partition(";")[0] for each in found.get("set-cookie", "").split("\n")],
        )
        if method != "HEAD" and status not in (204, 304):
            answer.body = b"".join([part async for part in read_body(self.reader, found)])
        return answer
