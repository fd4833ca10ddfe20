"""How calls leave: by settings, by the variables of the process, through a real proxy that tunnels."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError
from starlette.responses import Response

from gateway.outgoing.egress import DIRECT, Egress, ProxyFailed, ProxySettings
from tests.connect_proxy import ConnectProxy
from tests.tls import Certificates

pytestmark = pytest.mark.anyio


def settings(folder: Path, **keys: Any) -> ProxySettings:
    return ProxySettings.model_validate(keys, context={"folder": folder})


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"url": "proxy.internal:3128"}, "http://HOST:PORT"),
        ({"url": "http://proxy.internal"}, "http://HOST:PORT"),
        ({"url": "http://proxy.internal:99999"}, "http://HOST:PORT"),
        ({"url": "socks5://proxy.internal:1080"}, "http://HOST:PORT"),
        ({"url": "http://proxy.internal:3128/x"}, "http://HOST:PORT"),
        ({"url": "http://me:secret@proxy.internal:3128"}, "a secret is never written here"),
        ({"url": "http://proxy.internal:3128", "user": "me"}, "come together"),
        ({"url": "http://proxy.internal:3128", "user": "me", "password": "secret"}, "a secret is never"),
        ({"url": "http://proxy.internal:3128", "password": "env:P"}, "come together"),
        ({"url": "http://proxy.internal:3128", "user": "a:b", "password": "env:P"}, "pattern"),
        ({"url": "http://proxy.internal:3128", "ca": "ca.pem"}, "over TLS"),
        ({"url": "http://proxy.internal:3128", "no_proxy": ["10.0.0.0/99"]}, "a network"),
        ({"url": "http://proxy.internal:3128", "no_proxy": ["a b"]}, "a network"),
        ({"url": "http://proxy.internal:3128", "no_proxy": [""]}, "a network"),
    ],
)
def test_what_is_refused(tmp_path: Path, keys: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as refused:
        settings(tmp_path, **keys)
    assert "secret@" not in str(refused.value) or keys["url"] in str(refused.value)


@pytest.mark.parametrize(
    ("environ", "proxy", "user"),
    [
        ({}, None, None),
        ({"HTTPS_PROXY": ""}, None, None),
        ({"HTTP_PROXY": "http://p:1"}, None, None),
        ({"ALL_PROXY": "http://p:1"}, None, None),
        ({"HTTPS_PROXY": "http://p.internal:3128"}, "http://p.internal:3128", None),
        ({"https_proxy": "http://low:1", "HTTPS_PROXY": "http://high:2"}, "http://low:1", None),
        ({"HTTPS_PROXY": "p.internal:3128"}, "http://p.internal:3128", None),
        ({"HTTPS_PROXY": "http://p.internal/"}, "http://p.internal:80", None),
        ({"HTTPS_PROXY": "https://p.internal"}, "https://p.internal:443", None),
        ({"HTTPS_PROXY": "http://[::1]:8"}, "http://[::1]:8", None),
        ({"HTTPS_PROXY": "http://me:s%40crt@p:1"}, "http://p:1", "me"),
    ],
)
def test_the_variables_of_the_process(environ: dict[str, str], proxy: str | None, user: str | None) -> None:
    found = Egress.of(None, environ)
    assert (found.proxy, found.user) == (proxy, user)
    assert "s@crt" not in repr(found)
    assert found.password in (None, "s@crt")
    assert Egress.of("direct", environ) == DIRECT


@pytest.mark.parametrize("value", ["socks5://p:1", "http://", "http://p:99999", "ftp://p:1"])
def test_a_variable_that_names_no_proxy_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="HTTPS_PROXY names no proxy"):
        Egress.of(None, {"HTTPS_PROXY": value})


@pytest.mark.parametrize(
    ("no_proxy", "url", "through"),
    [
        ("", "https://acm.example.be/op", True),
        ("", "http://localhost:8181/v1", False),
        ("*", "https://acm.example.be/", False),
        ("example.be", "https://acm.example.be/", False),
        (".example.be", "https://acm.example.be/", False),
        ("*.example.be", "https://acm.example.be/", False),
        ("EXAMPLE.be", "https://ACM.example.BE/", False),
        ("ample.be", "https://acm.example.be/", True),
        ("acm.example.be:443", "https://acm.example.be/", False),
        ("acm.example.be:8443", "https://acm.example.be/", True),
        ("10.0.0.0/8", "https://10.1.2.3/", False),
        ("10.1.2.3", "https://10.1.2.3:8443/", False),
        ("10.0.0.0/8", "https://11.1.2.3/", True),
        ("10.0.0.0/8", "https://ten.example.be/", True),
        ("fd00::/8", "https://[fd00::1]/", False),
        ("[::1]:443", "https://[::1]/", False),
        ("a, ,example.be ,b", "https://acm.example.be/", False),
        (".", "https://acm.example.be/", True),
    ],
)
def test_what_goes_past_the_proxy(no_proxy: str, url: str, through: bool) -> None:
    assert Egress.of(None, {"HTTPS_PROXY": "p:1", "NO_PROXY": no_proxy}).passes_proxy(url) is through
    assert not DIRECT.passes_proxy(url)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def site(certificates: Certificates) -> Iterator[str]:
    with certificates.serving(Response(b"here")) as url:
        yield url


async def fetch(egress: Egress, certificates: Certificates, url: str) -> bytes:
    transport = await asyncio.to_thread(lambda: egress.transport(certificates.trusted()))
    async with httpx2.AsyncClient(transport=transport, timeout=20.0) as client:
        return (await client.get(url)).content


async def test_a_tunnel_with_a_password(tmp_path: Path, certificates: Certificates, site: str) -> None:
    (tmp_path / "password").write_text("s:crt é\n")
    (tmp_path / "password").chmod(0o600)
    async with ConnectProxy(password="me:s:crt é").running() as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        egress = Egress.of(settings(tmp_path, url=url, user="me", password="file:password"))
        assert await fetch(egress, certificates, site) == b"here"
        assert proxy.asked == [site.removeprefix("https://")]
        assert proxy.methods == ["CONNECT"]
        with pytest.raises(ProxyFailed) as refused:
            await fetch(Egress.of(settings(tmp_path, url=url)), certificates, site)
        assert refused.value.status == 407
        past = Egress.of(settings(tmp_path, url=url, no_proxy=["localhost"]))
        assert await fetch(past, certificates, site) == b"here"
        assert len(proxy.asked) == 2


async def test_a_proxy_over_tls_with_an_authority_of_its_own(
    tmp_path: Path, certificates: Certificates, site: str
) -> None:
    own = await asyncio.to_thread(Certificates, tmp_path)
    async with ConnectProxy().running(await asyncio.to_thread(own.server)) as proxy:
        url = f"https://localhost:{proxy.port}"
        egress = Egress.of(settings(tmp_path, url=url, ca="authority.pem"))
        assert await fetch(egress, certificates, site) == b"here"
        with pytest.raises(ProxyFailed) as unknown:
            await fetch(Egress.of(settings(tmp_path, url=url)), certificates, site)
        assert unknown.value.status == 0
        with pytest.raises(httpx2.ConnectError) as elsewhere:
            await fetch(egress, own, site)
        assert not isinstance(elsewhere.value, ProxyFailed), "that is the site's certificate"


def test_secrets_and_files_that_cannot_be_read(tmp_path: Path) -> None:
    proxy = "https://localhost:9"
    for keys, words in (
        ({"user": "me", "password": "file:nothing"}, "nothing"),
        ({"ca": "nothing.pem"}, "nothing.pem"),
    ):
        with pytest.raises(ValueError, match=words):
            Egress.of(settings(tmp_path, url=proxy, **keys)).transport()


def test_equal_settings_are_one_way_out(tmp_path: Path) -> None:
    made = [Egress.of(settings(tmp_path, url="http://p:1", user="a", password="env:P")) for _ in range(2)]
    assert made[0] == made[1]
    assert hash(made[0]) == hash(made[1])
