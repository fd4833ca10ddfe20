"""What went wrong with a call is told apart, by real servers with every trouble."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.responses import Response

from gateway.outgoing.egress import DIRECT, Egress
from gateway.outgoing.failure import failure_of
from tests.connect_proxy import ConnectProxy
from tests.tls import Certificates, Kind

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def site(certificates: Certificates) -> Iterator[str]:
    with certificates.serving(Response(b"here")) as url:
        yield url


async def kind_of(url: str, certificates: Certificates, egress: Egress = DIRECT) -> str:
    transport = await asyncio.to_thread(lambda: egress.transport(certificates.trusted()))
    with pytest.raises((httpx2.HTTPError, TimeoutError)) as raised:
        async with httpx2.AsyncClient(transport=transport, timeout=httpx2.Timeout(0.3, connect=20)) as client:
            await client.get(url)
    found = failure_of(raised.value)
    assert found.words
    return found.kind


@pytest.mark.parametrize(
    ("kind", "trouble"),
    [("expired", "tls-expired"), ("other-name", "tls-name"), ("other-authority", "tls-authority")],
)
async def test_certificates(certificates: Certificates, kind: Kind, trouble: str) -> None:
    with certificates.serving(Response(b"here"), kind) as url:
        assert await kind_of(url, certificates) == trouble
        async with ConnectProxy().running() as proxy:
            egress = Egress(proxy=f"http://127.0.0.1:{proxy.port}")
            assert await kind_of(url, certificates, egress) == trouble, "the proxy is not to blame"


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "tls-refused"),
        ("TLSV1_ALERT_UNKNOWN_CA", "tls-refused"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "tls-refused"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "tls"),
        ("WRONG_VERSION_NUMBER", "tls"),
    ],
)
def test_a_refusal_of_our_certificate_is_no_lack_of_tls(reason: str, kind: str) -> None:
    problem = ssl.SSLError(1, reason)
    problem.reason = reason
    found = failure_of(problem)
    assert found.kind == kind
    assert reason.lower().replace("_", " ") in found.words


async def raw(answer: bytes | None) -> tuple[asyncio.Server, str]:
    """A server that says this to whoever connects, and closes; None: it says nothing and stays."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, f"://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_names_connections_and_answers(certificates: Certificates) -> None:
    assert await kind_of("https://nothing.invalid/", certificates) == "dns"
    assert await kind_of("https://127.0.0.1:9/", certificates) == "tcp"
    for scheme, answer, trouble in (
        ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", "tls"),
        ("http", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "broken"),
        ("http", b"", "broken"),
        ("http", None, "timeout"),
    ):
        server, place = await raw(answer)
        async with server:
            assert await kind_of(scheme + place, certificates) == trouble, (scheme, answer)


@pytest.mark.parametrize(
    ("status", "trouble"),
    [(407, "proxy-login"), (403, "proxy-refuses"), (405, "proxy-refuses"), (502, "proxy-target"), (504, "proxy-target")],
)  # fmt: skip
async def test_what_a_proxy_answers(certificates: Certificates, site: str, status: int, trouble: str) -> None:
    async with ConnectProxy(status=status).running() as proxy:
        assert await kind_of(site, certificates, Egress(proxy=f"http://127.0.0.1:{proxy.port}")) == trouble


async def test_a_proxy_that_cannot_be_reached(certificates: Certificates, site: str, tmp_path: Path) -> None:
    for proxy, trouble in (("http://nothing.invalid:1", "proxy-dns"), ("http://127.0.0.1:9", "proxy-tcp")):
        assert await kind_of(site, certificates, Egress(proxy=proxy)) == trouble
    async with ConnectProxy().running(
        await asyncio.to_thread(lambda: Certificates(tmp_path).server())
    ) as proxy:
        there = Egress(proxy=f"https://localhost:{proxy.port}")
        assert await kind_of(site, certificates, there) == "proxy-tls"


@pytest.mark.parametrize(
    ("problem", "kind"),
    [(OSError(113, "No route to host"), "tcp"), (TimeoutError(), "timeout"), (ValueError("odd"), "unknown"), (httpx2.ConnectTimeout(""), "tcp")],
)  # fmt: skip
def test_exceptions_by_themselves(problem: Any, kind: str) -> None:
    assert failure_of(problem).kind == kind
