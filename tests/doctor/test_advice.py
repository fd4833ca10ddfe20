"""Each trouble on the way to another server has its own name, and advice that can help against it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from starlette.responses import JSONResponse, RedirectResponse, Response

from gateway.doctor.advice import advice, advice_on_response
from gateway.outgoing.egress import DIRECT
from gateway.outgoing.failure import Kind
from tests.auth.scripted_provider import CLIENT_ID, ScriptedProvider
from tests.connect_proxy import ConnectProxy
from tests.doctor.conftest import GOOD, House, house
from tests.keys import client_keys
from tests.running import raw_upstream
from tests.tls import Certificates
from tests.tls import Kind as Certificate


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("tls"))


@contextlib.contextmanager
def proxying(proxy: ConnectProxy) -> Iterator[ConnectProxy]:
    """A proxy that runs in a thread, because the command that uses it has an event loop of its own."""
    started, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        async with proxy.running():
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    assert started.wait(20)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()


@pytest.fixture
def op(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> ScriptedProvider:
    """A provider whose authority this machine trusts, once it is served."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))
    for name in ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    return ScriptedProvider(client_key=ScriptedProvider.key_of(client_keys("ti")[0]))


@contextlib.contextmanager
def placed(
    op: ScriptedProvider, folder: Path, certificates: Certificates, kind: Certificate = "good"
) -> Iterator[House]:
    with certificates.serving(op.app, kind, date_header=True) as url, raw_upstream() as upstream:
        op.issuer = f"{url}/op"
        yield house(folder, url, upstream.port, client_id=CLIENT_ID, issuer=op.issuer)


def finding(found: House, check: str = "discovery") -> dict[str, Any]:
    report = json.loads(found.examined("--json").stdout)
    return next(each for each in report if each["check"] == check)


@pytest.mark.parametrize(
    ("kind", "cause", "words"),
    [
        ("expired", "tls-expired", "only the operator"),
        ("other-name", "tls-name", "spelling"),
        ("other-authority", "tls-authority", "SSL_CERT_FILE"),
    ],
)
def test_certificates(
    op: ScriptedProvider,
    tmp_path: Path,
    certificates: Certificates,
    kind: Certificate,
    cause: str,
    words: str,
) -> None:
    with placed(op, tmp_path, certificates, kind) as found:
        said = finding(found)
    assert (said["status"], said["cause"]) == ("failed", cause)
    assert words in said["do"]
    assert "letter for letter" not in said["do"], "the name of the issuer is not the trouble"


@pytest.mark.parametrize(
    ("issuer", "cause", "words"),
    [
        ("https://nothing.invalid/op", "dns", "getent hosts nothing.invalid"),
        ("https://127.0.0.1:9/op", "tcp", "127.0.0.1:9 opened"),
    ],
)
def test_names_and_connections(
    op: ScriptedProvider, tmp_path: Path, certificates: Certificates, issuer: str, cause: str, words: str
) -> None:
    with placed(op, tmp_path, certificates) as found:
        found.environment["provider"]["issuer"] = issuer
        said = finding(found)
        certificate = finding(found, "certificate")
    assert (said["status"], said["cause"]) == ("failed", cause)
    assert words in said["do"]
    assert (certificate["cause"], "renew" in certificate["do"]) == (cause, False)


@pytest.mark.parametrize(
    ("answer", "cause", "words"),
    [
        (JSONResponse({}, 404), "http", "wrong path"),
        (JSONResponse({}, 403), "http", "refuses this machine"),
        (JSONResponse({}, 503), "http", "nothing here needs to change"),
        (RedirectResponse("https://elsewhere.test/"), "answer", "letter for letter"),
        (Response("<html>"), "answer", "letter for letter"),
        (JSONResponse({"issuer": "https://evil.test"}), "answer", "letter for letter"),
        (Response(b"x" * 1_100_000), "answer", "letter for letter"),
    ],
)
def test_answers(
    op: ScriptedProvider, tmp_path: Path, certificates: Certificates, answer: Response, cause: str, words: str
) -> None:
    op.answers["discovery"] = lambda _asked: answer
    with placed(op, tmp_path, certificates) as found:
        said = finding(found)
    assert (said["status"], said["cause"]) == ("failed", cause)
    assert words in said["do"]


def test_through_a_proxy_everything_is_as_well(
    op: ScriptedProvider, tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("secret-of-the-proxy")
    (tmp_path / "password").chmod(0o600)
    with (
        placed(op, tmp_path, certificates) as found,
        proxying(ConnectProxy("me:secret-of-the-proxy")) as proxy,
    ):
        url = f"http://127.0.0.1:{proxy.port}"
        found.environment["proxy"] = {"url": url, "user": "me", "password": "file:password"}
        assert found.found() == {**GOOD, "proxy": "ok"}
        assert set(proxy.asked) == {op.issuer.removeprefix("https://").removesuffix("/op")}
        found.environment["proxy"]["no_proxy"] = ["localhost"]
        asked = len(proxy.asked)
        assert found.found() == {**GOOD, "proxy": "ok", "certificate": "ok"}
        assert len(proxy.asked) == asked
        del found.environment["proxy"]
        monkeypatch.setenv("HTTPS_PROXY", url.replace("//", "//me:wrong@"))
        said = finding(found)
        assert said["cause"] == "proxy-login"
        assert "HTTPS_PROXY" in said["do"]
        found.environment["proxy"] = "direct"
        assert "proxy" not in found.found()
        assert "secret-of-the-proxy" not in found.examined().stdout


@pytest.mark.parametrize(
    ("status", "cause", "words"),
    [(403, "proxy-refuses", "no_proxy"), (502, "proxy-target", "the proxy works")],
)
def test_what_a_proxy_refuses(
    op: ScriptedProvider, tmp_path: Path, certificates: Certificates, status: int, cause: str, words: str
) -> None:
    with placed(op, tmp_path, certificates) as found, proxying(ConnectProxy(status=status)) as proxy:
        found.environment["proxy"] = {"url": f"http://127.0.0.1:{proxy.port}"}
        said = finding(found)
    assert (said["status"], said["cause"]) == ("failed", cause)
    assert words in said["do"]


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ({"url": "http://nothing.invalid:3128"}, "correct the name of the proxy in `proxy`"),
        ({"url": "http://127.0.0.1:9"}, "correct the address of the proxy in `proxy`"),
        ({"url": "http://127.0.0.1:9", "user": "me", "password": "file:nothing"}, "under `proxy`"),
    ],
)
def test_a_proxy_that_cannot_be_used(
    op: ScriptedProvider, tmp_path: Path, certificates: Certificates, proxy: dict[str, str], words: str
) -> None:
    with placed(op, tmp_path, certificates) as found:
        found.environment["proxy"] = proxy
        report = found.examined()
    assert report.exit_code == 1
    assert words in report.stdout


def test_the_register_too(op: ScriptedProvider, tmp_path: Path, certificates: Certificates) -> None:
    with placed(op, tmp_path, certificates) as found:
        for url, cause, words in (
            ("http://nothing.invalid:8080", "dns", "nothing.invalid"),
            ("http://127.0.0.1:9", "tcp", "start the register"),
        ):
            found.environment["upstream"]["url"] = url
            said = finding(found, "register")
            assert (said["cause"], said["status"]) == (cause, "failed")
            assert words in said["do"]
        with certificates.serving(Response(b"x"), "other-name") as there:
            found.environment["upstream"]["url"] = there
            said = finding(found, "register")
    assert said["cause"] == "tls-name"
    assert "tls.server_name" in said["do"]


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_has_words(kind: Kind) -> None:
    for server in ("provider", "register", "public"):
        words = advice(kind, server, "https://acm.test/op", DIRECT)
        assert words
        assert "{" not in words


def test_a_status_without_a_meaning_of_its_own() -> None:
    assert advice_on_response(418) == advice_on_response(None)
