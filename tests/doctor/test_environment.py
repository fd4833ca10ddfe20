"""What `gateway doctor` finds around the gateway: files, store, register, certificates."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sqlite3
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from gateway.session.sqlite import SqliteStore
from tests.auth.scripted_provider import ScriptedProvider
from tests.doctor.conftest import Break, House
from tests.files.closed import closed
from tests.running import free_socket
from tests.tls import Certificates, Kind


def store_gone(found: House, _op: ScriptedProvider) -> None:
    sock = free_socket()
    port = sock.getsockname()[1]
    sock.close()
    found.environment["session"]["store"] = f"redis://127.0.0.1:{port}/0"


def register_gone(found: House, _op: ScriptedProvider) -> None:
    sock = free_socket()
    port = sock.getsockname()[1]
    sock.close()
    found.environment["upstream"]["url"] = f"http://127.0.0.1:{port}"


def open_secret(found: House, _op: ScriptedProvider) -> None:
    (found.folder / "secrets/ti/session.key").chmod(0o644)


@pytest.mark.parametrize(
    ("broken", "check", "advice"),
    [
        (store_gone, "store", "start the store"),
        (register_gone, "register", "start the register"),
        (open_secret, "file", "chmod 600"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_broken_is_told_with_what_to_do(
    scripted: tuple[House, ScriptedProvider], broken: Break, check: str, advice: str
) -> None:
    broken(*scripted)
    scripted[0].must_fail(check, advice)


def test_things_to_look_at_are_no_failures(scripted: tuple[House, ScriptedProvider]) -> None:
    scripted[1].discovery["end_session_endpoint"] = None
    (scripted[0].folder / "secrets/ti/session.key").chmod(0o660)
    report = scripted[0].examined()
    assert report.exit_code == 0, report.stdout
    assert "2 to look at" in report.stdout
    assert "chmod 600" in report.stdout


def test_a_look_around_makes_no_store(scripted: tuple[House, ScriptedProvider]) -> None:
    found = scripted[0]
    found.environment["session"]["store"] = "sqlite:store/ti.db"
    report = found.examined()
    assert report.exit_code == 0, report.stdout
    assert "is not there yet: the gateway makes it when it first starts" in report.stdout
    assert not (found.folder / "store").exists()


def test_a_store_that_another_program_holds_locked(scripted: tuple[House, ScriptedProvider]) -> None:
    found = scripted[0]
    found.environment["session"]["store"] = "sqlite:store/ti.db"
    path = found.folder / "store/ti.db"
    store = SqliteStore(path)

    async def make() -> None:
        await store.start()
        await store.aclose()

    asyncio.run(make())
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        report = found.examined()
    assert report.exit_code == 1
    assert "database is locked" in report.stdout
    assert f"or end what holds it locked (fuser -v {path}); until then nobody can log in" in report.stdout


@pytest.mark.parametrize(("days", "status"), [(400, "ok"), (5, "warning"), (-1, "failed")])
def test_certificates(scripted: tuple[House, ScriptedProvider], days: int, status: str) -> None:
    folder = scripted[0].folder
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    end = datetime.now(UTC) + timedelta(days=days)
    certificate = authority.issue_cert("gateway.test", not_after=end)
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "client.crt")
    certificate.private_key_pem.write_to_path(folder / "client.key")
    (folder / "client.key").chmod(0o600)
    scripted[0].environment["upstream"]["tls"] = {
        "certificate": str(folder / "client.crt"),
        "key": "file:client.key",
    }
    found = scripted[0].found()
    assert found["certificate"] == status


@contextlib.contextmanager
def picky_register(folder: Path, certificates: Certificates) -> Iterator[str]:
    """The address of a register that wants a certificate of the same authority, by TLS 1.3; it answers nothing."""
    tls = certificates.server()
    tls.verify_mode, tls.minimum_version = ssl.CERT_REQUIRED, ssl.TLSVersion.TLSv1_3
    tls.load_verify_locations(certificates.ca)

    def serve(listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = listening.accept()
                with contextlib.suppress(OSError), tls.wrap_socket(accepted, server_side=True) as there:
                    there.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        try:
            yield f"https://localhost:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(("kind", "accepted"), [("good", True), ("other-authority", False), (None, False)])
def test_a_register_that_refuses_the_gateways_certificate(
    scripted: tuple[House, ScriptedProvider], kind: Kind | None, accepted: bool
) -> None:
    house, _ = scripted
    certificates = Certificates(house.folder)
    with picky_register(house.folder, certificates) as url:
        tls = {"ca": str(certificates.ca)}
        if kind is not None:
            chain, key = certificates.files(kind)
            key.chmod(0o600)
            tls |= {"certificate": str(chain), "key": f"file:{key}"}
        house.environment["upstream"] = {"url": url, "tls": tls}
        if accepted:
            assert house.found()["register"] == "ok"
        else:
            house.must_fail("register", "give the gateway a certificate that the register accepts")


@pytest.mark.parametrize("spoilt", ["authority.pem", "good.pem", "good-key.pem"])
def test_tls_files_that_cannot_be_used_end_no_look_around(
    scripted: tuple[House, ScriptedProvider], spoilt: str
) -> None:
    house, _ = scripted
    certificates = Certificates(house.folder)
    chain, key = certificates.files()
    (house.folder / spoilt).write_text("no PEM")
    key.chmod(0o600)
    tls = {"ca": str(certificates.ca), "certificate": str(chain), "key": f"file:{key}"}
    house.environment["upstream"] = {"url": "https://localhost:9", "tls": tls}
    house.must_fail("register", "correct what the message says")
    assert f"{spoilt} " in house.examined().stdout


def test_who_may_not_look_is_told(
    scripted: tuple[House, ScriptedProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = scripted[0]
    found.environment["observe"]["records"] = "file:kept/ti.jsonl"
    closed(monkeypatch, found.folder / "kept")
    found.must_fail("file", "run this as the account of the gateway")
