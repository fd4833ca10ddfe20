"""Until when certificates are valid, read from real ones."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from gateway.observe.expiry import ExpiryMetrics, Watched, trusted_until, valid_until
from gateway.observe.registry import Registry

SOON, LATER = datetime(2027, 1, 2, tzinfo=UTC), datetime(2028, 3, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    soon = authority.issue_cert("register.test", not_after=SOON).cert_chain_pems[0].bytes()
    later = authority.issue_cert("register.test", not_after=LATER).cert_chain_pems[0].bytes()
    (folder / "soon.pem").write_bytes(soon + later)
    (folder / "later.pem").write_bytes(later + soon)
    (folder / "empty.pem").write_bytes(b"")
    return folder


def test_the_first_certificate_is_the_own_one(files: Path) -> None:
    assert valid_until(files / "soon.pem") == SOON.timestamp()
    assert valid_until(files / "later.pem") == LATER.timestamp()


def test_an_authority_that_was_replaced_does_no_harm(files: Path) -> None:
    assert trusted_until(files / "soon.pem") == LATER.timestamp()


async def test_what_cannot_be_read_has_expired(files: Path) -> None:
    def damaged() -> float | None:
        raise ValueError

    registry = Registry()
    metrics = ExpiryMetrics(registry)
    metrics.watched = Watched(
        {"default": files / "soon.pem", "gone": files / "gone.pem", "empty": files / "empty.pem"},
        {"default ca": files / "soon.pem"},
        {"sessions": lambda: 1_795_000_000.0, "flows": lambda: None, "records": damaged},
    )
    await metrics.start()
    try:
        while "key_created_timestamp_seconds{" not in registry.exposition()[0].decode():
            await asyncio.sleep(0.01)
    finally:
        await metrics.aclose()
    lines = registry.exposition()[0].decode().replace("toegangspoort_", "").splitlines()
    numbers = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert {name: float(number) for name, number in numbers.items()} == {
        'certificate_expires_timestamp_seconds{certificate="default"}': SOON.timestamp(),
        'certificate_expires_timestamp_seconds{certificate="gone"}': 0.0,
        'certificate_expires_timestamp_seconds{certificate="empty"}': 0.0,
        'certificate_expires_timestamp_seconds{certificate="default ca"}': LATER.timestamp(),
        'key_created_timestamp_seconds{purpose="sessions"}': 1_795_000_000.0,
    }
