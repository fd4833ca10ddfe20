"""What `gateway doctor` finds around the gateway: files, store, register, certificates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import trustme

from tests.auth.scripted_provider import ScriptedProvider
from tests.doctor.conftest import Break, House
from tests.running import free_socket


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
