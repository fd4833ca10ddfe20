"""The environment lock: whatever two environments share, in whatever spelling, is refused with both places."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from gateway.config import ConfigError, load
from tests.gateways import settings, write_config


def environments(folder: Path) -> dict[str, Any]:
    return {
        name: settings(
            folder,
            name=name,
            gateway_url=f"http://localhost:{8000 + number}",
            acm_url=f"http://localhost:{8010 + number}",
            upstream_url=f"http://localhost:{8020 + number}",
        )
        | {"observe": {"listen": f"127.0.0.1:{8030 + number}", "records": f"file:var/{name}.jsonl"}}
        for number, name in enumerate(("ti", "prd"))
    }


def told(folder: Path, all_of: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as refused:
        load(write_config(folder, all_of))
    return str(refused.value)


def test_two_environments_that_share_nothing_are_fine(tmp_path: Path) -> None:
    assert set(load(write_config(tmp_path, environments(tmp_path))).environments) == {"ti", "prd"}


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        ("provider.issuer", "http://localhost:8010/op", "issuer"),
        ("provider.issuer", "http://127.0.0.1:8010/op/", "issuer"),
        ("provider.client_id", "gateway-under-test-ti", "client"),
        ("provider.client_id", "Gateway-Under-Test-TI", "client"),
        ("provider.client_auth", {"method": "private_key_jwt", "key": "file:secrets/ti/client.pem"}, "key"),
        (
            "provider.client_auth",
            {"method": "private_key_jwt", "key": "file:./secrets/../secrets/ti/client.pem"},
            "key",
        ),
        ("session.key", "file:secrets/ti/session.key", "key"),
        ("assertion.key", "file:secrets/ti/assertion.pem", "key"),
        ("session.store", "sqlite:var/ti.db", "store"),
        ("session.store", "sqlite:./var/../var/ti.db", "store"),
        ("public_url", "http://localhost:8000", "host"),
        ("public_url", "http://127.0.0.1:8000", "host"),
        ("upstream.url", "http://localhost:8020", "upstream"),
        ("upstream.url", "http://[::1]:8020/", "upstream"),
        ("listen", "0.0.0.0:8000", "listen address"),
        ("observe.listen", "127.0.0.1:8030", "listen address"),
        ("observe.listen", "127.0.0.1:8000", "listen address"),
        (
            "fronts",
            {"x": {"listen": "127.0.0.1:8000", "dialect": "caddy", "peers": ["10.0.0.1/32"]}},
            "listen address",
        ),
        ("observe.records", "file:var/ti.jsonl", "file"),
    ],
)
def test_what_is_shared_is_refused_at_both_places(tmp_path: Path, path: str, value: Any, what: str) -> None:
    all_of = environments(tmp_path)
    place = all_of["prd"]
    *steps, last = path.split(".")
    for step in steps:
        place = place[step]
    place[last] = value
    words = told(tmp_path, all_of)
    assert f"environments 'ti' and 'prd' share their {what}" in words
    lines = [line for line in words.splitlines() if f"share their {what}" in line]
    assert len(lines) >= 2
    named = {line.split(": environments")[0] for line in lines}
    for line in lines:
        other = line.split("here and at ")[1].split(";")[0]
        assert other in named


@pytest.mark.parametrize(
    "change",
    [
        {"public_url": "https://register.example.be:8443"},
        {"edge": {"hosts": ["REGISTER.example.be:9000"]}},
    ],
)
def test_two_ports_of_a_host_have_the_same_cookies(tmp_path: Path, change: dict[str, Any]) -> None:
    all_of = environments(tmp_path)
    all_of["ti"]["public_url"] = "https://register.example.be"
    all_of["prd"].update(change)
    assert "share their host" in told(tmp_path, all_of)


@pytest.mark.parametrize(
    ("url", "known", "authority", "what"),
    [
        ("https://ask-ti.example.be/", None, "prd", "decision point"),
        ("https://ask-prd.example.be", f"sha256:{'a' * 64}", "prd", "certificate of a caller"),
        ("https://ask-prd.example.be", "dns:register.example.be", "ti", "certificate of a caller"),
        # Another authority gives the same name to another program.
        ("https://ask-prd.example.be", "dns:register.example.be", "prd", None),
    ],
)
def test_decision_points_and_their_callers_are_not_shared(
    tmp_path: Path, url: str, known: str | None, authority: str, what: str | None
) -> None:
    all_of = environments(tmp_path)
    for name, environment in all_of.items():
        (tmp_path / f"{name}.pem").write_text(f"authority of {authority if name == 'prd' else name}")
        own = {"certificate": known or f"dns:{name}.example.be"}
        tls = {"certificate": "x.pem", "key": "x.key", "client_authorities": f"{name}.pem"}
        environment["authzen"] = {
            "listen": f"127.0.0.1:{8040 if name == 'ti' else 8041}",
            "url": url if name == "prd" else "https://ask-ti.example.be",
            "tls": tls,
            "callers": {"register": own},
        }
    if what is None:
        load(write_config(tmp_path, all_of))
    else:
        assert f"share their {what}" in told(tmp_path, all_of)


def test_no_operator_opens_emergencies_of_both_with_one_code(tmp_path: Path) -> None:
    all_of = environments(tmp_path)
    code = f"scrypt:{'0' * 32}:{'1' * 64}"
    for name, environment in all_of.items():
        environment["emergency"] = {"operators": {f"jan-{name}": code}}
    assert "share their code of an operator" in told(tmp_path, all_of)


@pytest.mark.parametrize("kind", ["blocks", "emergency", "maintenance"])
def test_a_file_of_orders_is_not_shared(tmp_path: Path, kind: str) -> None:
    all_of = environments(tmp_path)
    for name, path in (("ti", "var/orders.json"), ("prd", "./var/../var/orders.json")):
        all_of[name][kind] = {"file": path}
    assert "share their file" in told(tmp_path, all_of)


@pytest.mark.parametrize(
    ("option", "value", "what"),
    [
        ("audience", "https://register.example.be/ti", "audience"),
        ("authorization", "file:signals.secret", "key"),
        ("issuer", "https://ssf.example.be", None),
        ("issuer", "https://authenticatie-ti.vlaanderen.be/op", "this is the ACM of T&I"),
    ],
)
def test_transmitters_may_be_the_same_for_another_audience(
    tmp_path: Path, option: str, value: str, what: str | None
) -> None:
    all_of = environments(tmp_path)
    for name, each in all_of.items():
        agreed = {
            "issuer": f"https://ssf-{name}.example.be",
            "audience": f"https://register.example.be/{name}",
        }
        each["signals"] = {"transmitters": [{**agreed, option: value}]}
    if what is None:
        load(write_config(tmp_path, all_of))
    else:
        assert what in told(tmp_path, all_of)


@pytest.mark.parametrize(
    ("section", "more"),
    [
        ("upstream", {"basic": {"username": "gateway", "password": "file:secrets/NAME/own"}}),
        ("upstream", {"headers": {"X-Api-Key": "file:secrets/NAME/own"}}),
        ("session", {"store_password": "file:secrets/NAME/own"}),
        (
            "session",
            {
                "store": "rediss://NAME.example.be/0",
                "store_certificate": "x.pem",
                "store_certificate_key": "file:secrets/NAME/own",
            },
        ),
    ],
)
def test_what_a_register_or_a_store_knows_the_gateway_by_is_not_shared(
    tmp_path: Path, section: str, more: dict[str, Any]
) -> None:
    def named(value: Any, name: str) -> Any:
        if isinstance(value, dict):
            return {key: named(each, name) for key, each in value.items()}
        return value.replace("NAME", name)

    all_of = environments(tmp_path)
    for name, each in all_of.items():
        each[section] |= named(more, name)
        (tmp_path / f"secrets/{name}/own").write_text(f"secret of {name}")
        (tmp_path / f"secrets/{name}/own").chmod(0o600)
    load(write_config(tmp_path, all_of))
    shutil.copy(tmp_path / "secrets/ti/own", tmp_path / "secrets/prd/own")
    assert "share their key" in told(tmp_path, all_of)


def test_a_copied_key_is_found_out(tmp_path: Path) -> None:
    all_of = environments(tmp_path)
    shutil.copy(tmp_path / "secrets/ti/session.key", tmp_path / "secrets/prd/session.key")
    assert "share their key" in told(tmp_path, all_of)


def test_a_link_to_the_same_store_is_found_out(tmp_path: Path) -> None:
    all_of = environments(tmp_path)
    (tmp_path / "var").mkdir()
    (tmp_path / "var/prd.db").symlink_to(tmp_path / "var/ti.db")
    assert "share their store" in told(tmp_path, all_of)


@pytest.mark.parametrize(
    ("name", "issuer"),
    [
        ("ti", "https://authenticatie.vlaanderen.be/op"),
        ("prd", "https://authenticatie-ti.vlaanderen.be/op"),
        ("acc", "https://authenticatie.vlaanderen.be/op"),
    ],
)
def test_the_acm_of_the_other_environment_is_refused(tmp_path: Path, name: str, issuer: str) -> None:
    one = settings(
        tmp_path,
        name=name,
        gateway_url="http://localhost:8000",
        acm_url="x",
        upstream_url="http://localhost:8020",
    )
    one["provider"]["issuer"] = issuer
    assert "is the ACM of" in told(tmp_path, {name: one})


def test_the_own_acm_is_fine(tmp_path: Path) -> None:
    for name, issuer in (
        ("ti", "https://authenticatie-ti.vlaanderen.be/op"),
        ("prd", "https://authenticatie.vlaanderen.be/op"),
    ):
        one = settings(
            tmp_path,
            name=name,
            gateway_url="http://localhost:8000",
            acm_url="x",
            upstream_url="http://localhost:8020",
        )
        one["provider"]["issuer"] = issuer
        assert load(write_config(tmp_path, {name: one})).environments[name].provider.issuer == issuer


@pytest.mark.parametrize(
    ("option", "value", "what"),
    [
        ("client_id", "API-OF-TI", "client"),
        ("client_id", "gateway-under-test-ti", "client"),
        ("client_auth", {"method": "private_key_jwt", "key": "file:secrets/ti/client.pem"}, "key"),
    ],
)
def test_clients_of_machines_are_locked_too(tmp_path: Path, option: str, value: Any, what: str) -> None:
    all_of = environments(tmp_path)
    for name, environment in all_of.items():
        environment["machines"] = {
            "introspection": {
                "client_id": f"api-of-{name}",
                "client_auth": {"method": "private_key_jwt", "key": f"file:secrets/{name}/client.pem"},
            }
        }
    load(write_config(tmp_path, all_of))
    all_of["prd"]["machines"]["introspection"][option] = value
    assert f"share their {what}" in told(tmp_path, all_of)


@pytest.mark.parametrize(
    ("issuer", "words"),
    [
        ("http://localhost:8010/op", "share their issuer"),
        ("https://authenticatie-ti.vlaanderen.be/op", "this is the ACM of T&I"),
    ],
)
def test_issuers_of_machines_are_locked_too(tmp_path: Path, issuer: str, words: str) -> None:
    all_of = environments(tmp_path)
    all_of["prd"]["machines"] = {"issuers": [{"issuer": issuer, "audience": "api"}]}
    assert words in told(tmp_path, all_of)


def test_machines_without_any_way_in_are_told(tmp_path: Path) -> None:
    all_of = environments(tmp_path)
    all_of["ti"]["machines"] = {}
    assert "give introspection, issuers or both" in told(tmp_path, all_of)
