"""The environment card: it shows what is shared, gives no secret away, and cannot be edited unnoticed."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from gateway.config import load
from gateway.config.card import EnvironmentCard, card_of, read_card, signed_card
from gateway.config.model import EnvironmentSettings
from tests.gateways import settings, write_config
from tests.keys import ec_key

NOW = 1_795_000_000.0


def environment(folder: Path, name: str, **changes: Any) -> EnvironmentSettings:
    """An environment whose keys are random."""
    folder.mkdir(exist_ok=True)
    found = settings(
        folder, name=name, gateway_url=f"https://{name}.register.example.be", acm_url=f"https://acm-{name}.example.be",
        upstream_url=f"http://backend-{name}.example.be", listen="127.0.0.1:0", **changes,
    )  # fmt: skip
    key = folder / "secrets" / name / "session.key"
    if b"session-key" in key.read_bytes():
        key.write_bytes(os.urandom(48))
    return load(write_config(folder, {name: found})).environment(name)


def asked_and_told(folder: Path) -> dict[str, Any]:
    """Sections that not every environment has."""
    (folder / "authorities.pem").write_text("authority")
    tls = {"certificate": "x.pem", "key": "x.key", "client_authorities": str(folder / "authorities.pem")}
    callers = {"register": {"certificate": "dns:register.example.be"}}
    transmitter = {"issuer": "https://ssf.example.be", "audience": "https://register.example.be/signals"}
    return {
        "signals": {"transmitters": [transmitter]},
        "authzen": {
            "listen": "127.0.0.1:0", "url": "https://ask.example.be/x", "tls": tls, "callers": callers,
        },
        "emergency": {"operators": {"jan": f"scrypt:{'0' * 32}:{'1' * 64}"}},
    }  # fmt: skip


def card(folder: Path, name: str, **changes: Any) -> EnvironmentCard:
    return card_of(name, environment(folder, name, **changes), NOW)


def test_environments_that_share_nothing(tmp_path: Path) -> None:
    ti, prd = card(tmp_path / "1", "ti"), card(tmp_path / "2", "prd")
    assert ti.shared(prd) == []
    assert ti.hosts == ("ti.register.example.be:443",)
    assert set(ti.keys) == {"assertion", "sessions", "flows", "pseudonyms", "records", "client"}


@pytest.mark.parametrize(
    ("changes", "shared"),
    [
        ({"provider": {"issuer": "https://acm-ti.example.be/op/"}}, ["issuer acm-ti.example.be:443/op"]),
        ({"provider": {"client_id": "Gateway-Under-Test-TI"}}, ["client gateway-under-test-ti"]),
        ({"edge": {"hosts": ["ti.register.example.be"]}}, ["host ti.register.example.be:443"]),
        ({"upstream": {"url": "http://backend-ti.example.be:80"}}, ["upstream backend-ti.example.be:80"]),
        (
            {"upstreams": {"reports": {"url": "http://backend-ti.example.be"}}},
            ["upstream backend-ti.example.be:80"],
        ),
    ],
)
def test_what_is_shared(tmp_path: Path, changes: dict[str, Any], shared: list[str]) -> None:
    ti, prd = card(tmp_path / "1", "ti"), card(tmp_path / "2", "prd", **changes)
    assert prd.shared(ti) == ti.shared(prd) == shared


def test_a_host_is_shared_on_whatever_port(tmp_path: Path) -> None:
    ti = card(tmp_path / "1", "ti")
    for host, shared in (
        ("ti.register.example.be:8443", True),
        ("localhost:8443 on x", False),
        ("a:1 on x", True),
    ):
        there = replace(
            ti, environment="prd", clients=(), keys={}, stores=(), issuers=(), upstreams=(), hosts=(host,)
        )
        here = replace(ti, hosts=(*ti.hosts, "localhost:8000 on x", "a:2 on x"))
        assert bool(here.shared(there)) is shared, host


def test_a_store_is_shared_where_its_address_means_the_same(tmp_path: Path) -> None:
    def shared(url: str, *, elsewhere: bool = False) -> bool:
        ti = card(tmp_path / "1", "ti", session={"store": url})
        prd = environment(tmp_path / "2", "prd", session={"store": url})
        made = card_of("prd", prd, NOW)
        other = replace(
            made, stores=tuple(each.replace(made.machine, "other-machine") for each in made.stores)
        )
        return bool(ti.shared(other if elsewhere else made))

    assert shared("redis://redis.example.be:6379/0")
    assert shared("redis://redis.example.be/0", elsewhere=True)
    assert shared("redis://localhost:6379/0")
    assert not shared("redis://localhost:6379/0", elsewhere=True)
    # The name of a service means another server in each network.
    assert not shared("redis://redis:6379/0", elsewhere=True)
    assert not shared("memory:")


def test_copied_keys_are_found_in_whatever_use(tmp_path: Path) -> None:
    ti = environment(tmp_path / "1", "ti")
    prd = environment(tmp_path / "2", "prd")
    secrets = [tmp_path / folder / "secrets" / name for folder, name in (("1", "ti"), ("2", "prd"))]
    for file in ("session.key", "assertion.pem", "client.pem"):
        original = (secrets[1] / file).read_bytes()
        (secrets[1] / file).write_bytes((secrets[0] / file).read_bytes())
        shared = card_of("prd", prd, NOW).shared(card_of("ti", ti, NOW))
        assert shared
        assert all(each.startswith("key (") for each in shared), shared
        (secrets[1] / file).write_bytes(original)
    (secrets[1] / "flows.key").write_bytes((secrets[0] / "session.key").read_bytes())
    (secrets[1] / "flows.key").chmod(0o600)
    prd = environment(tmp_path / "2", "prd", keys={"flows": {"key": "file:secrets/prd/flows.key"}})
    assert "key (flows here, sessions there)" in card_of("prd", prd, NOW).shared(card_of("ti", ti, NOW))


def test_a_key_is_found_beside_others_for_the_same(tmp_path: Path) -> None:
    """Each of two clients and of two callers has a key; a copy of any is found."""
    made: dict[str, EnvironmentSettings] = {}
    for name in ("ti", "prd"):
        environment(tmp_path / name, name)
        secrets = tmp_path / name / "secrets" / name
        for file, content in (
            ("asking.pem", ec_key(f"asking-{name}")),
            *((f"{each}.token", os.urandom(32).hex().encode()) for each in ("one", "two")),
        ):
            (secrets / file).write_bytes(content)
            (secrets / file).chmod(0o600)
        asking = {"method": "private_key_jwt", "algorithm": "ES256", "key": f"file:secrets/{name}/asking.pem"}
        callers = {each: {"bearer": [f"file:secrets/{name}/{each}.token"]} for each in ("one", "two")}
        made[name] = environment(
            tmp_path / name,
            name,
            machines={"introspection": {"client_id": f"asking-{name}", "client_auth": asking}},
            authzen={"listen": "127.0.0.1:0", "url": f"https://ask-{name}.example.be", "callers": callers},
        )
    assert card_of("prd", made["prd"], NOW).shared(card_of("ti", made["ti"], NOW)) == []
    ti, prd = (tmp_path / name / "secrets" / name for name in ("ti", "prd"))
    files = {"client.pem": "client", "asking.pem": "client", "one.token": "authzen", "two.token": "authzen"}
    for file, what in files.items():
        original = (prd / file).read_bytes()
        (prd / file).write_bytes((ti / file).read_bytes())
        shared = card_of("prd", made["prd"], NOW).shared(card_of("ti", made["ti"], NOW))
        assert shared == [f"key ({what} here, {what} there)"], file
        (prd / file).write_bytes(original)


def test_what_else_belongs_to_one_environment_alone(tmp_path: Path) -> None:
    more = asked_and_told(tmp_path)
    ti, prd = card(tmp_path / "1", "ti", **more), card(tmp_path / "2", "prd", **more)
    assert ti.shared(prd) == [
        "audience https://register.example.be/signals",
        "decision point ask.example.be:443/x",
        "key (authzen here, authzen there)",
        "key (emergency here, emergency there)",
    ]


def test_an_earlier_version_reads_a_card_that_has_nothing_newer(tmp_path: Path) -> None:
    ti = environment(tmp_path / "1", "ti")
    fields = json.loads(signed_card(card_of("ti", ti, NOW), ti))["card"]
    assert not {"audiences", "decision_points"} & set(fields)


def test_machines_and_changes_of_one_environment_are_no_conflict(tmp_path: Path) -> None:
    one = card(tmp_path / "1", "prd")
    assert one.shared(replace(one, machine="other")) == []
    rotated = replace(one, keys={"sessions": ("other",)}, upstreams=("other:80",))
    assert one.shared(rotated) == []
    moved = replace(one, hosts=("new.example.be:443",), keys={}, stores=("other",))
    assert one.shared(moved) == []


def test_another_environment_of_the_same_name_is_another(tmp_path: Path) -> None:
    one = card(tmp_path / "1", "prd")
    other = replace(one, hosts=("asbest.example.be:443",), clients=("asbest",), keys={})
    assert one.shared(other)


def test_no_secret_is_in_it(tmp_path: Path) -> None:
    prd = environment(tmp_path / "1", "prd")
    secrets = tmp_path / "1" / "secrets" / "prd"
    found = signed_card(card_of("prd", prd, NOW), prd)
    for file in secrets.iterdir():
        content = file.read_bytes()
        for form in (
            content,
            base64.b64encode(content),
            content.hex().encode(),
            hashlib.sha256(content).hexdigest().encode(),
        ):
            assert form not in found.encode()
    assert '"d"' not in found


@pytest.mark.parametrize("weak", [b"prd-session-key-" * 4, b"change-me" * 4, b"a" * 64, b"0123456789" * 5])
def test_keys_that_can_be_guessed_are_left_out(tmp_path: Path, weak: bytes) -> None:
    prd = environment(tmp_path / "1", "prd")
    (tmp_path / "1" / "secrets" / "prd" / "session.key").write_bytes(weak)
    assert set(card_of("prd", prd, NOW).keys) == {"assertion", "client"}


def test_typed_keys_get_a_slow_hash(tmp_path: Path) -> None:
    prd = environment(tmp_path / "1", "prd")
    typed = base64.b64encode(os.urandom(32))
    (tmp_path / "1" / "secrets" / "prd" / "session.key").write_bytes(typed)
    (thumbprint,) = card_of("prd", prd, NOW).keys["sessions"]
    assert thumbprint != hashlib.sha256(b"toegangspoort card\0" + typed).hexdigest()[:32]


def test_a_signed_card_is_read_back(tmp_path: Path) -> None:
    prd = environment(tmp_path / "1", "prd")
    made = card_of("prd", prd, NOW)
    assert read_card(signed_card(made, prd)) == made


@pytest.mark.parametrize("bits", [2048, 4096])
def test_a_card_signed_with_rsa_is_read_back(tmp_path: Path, bits: int) -> None:
    found = environment(tmp_path / "1", "prd")
    pem = RSAKey.generate_key(bits, private=True).as_pem(private=True)
    (tmp_path / "1" / "secrets" / "prd" / "assertion.pem").write_bytes(pem)
    made = card_of("prd", found, NOW)
    assert read_card(signed_card(made, found)) == made


def test_every_change_is_noticed(tmp_path: Path) -> None:
    prd = environment(tmp_path / "1", "prd", **asked_and_told(tmp_path))
    text = signed_card(card_of("prd", prd, NOW), prd)
    for field in EnvironmentCard.__dataclass_fields__:
        data = json.loads(text)
        value = data["card"][field]
        data["card"][field] = (
            {**value, "sessions": ["x"]} if isinstance(value, dict) else [*value, "x"] if isinstance(value, list)
            else value + 1 if isinstance(value, int) else f"{value}x"
        )  # fmt: skip
        with pytest.raises(ValueError, match="was changed after it was signed"):
            read_card(json.dumps(data))


def test_a_card_signed_by_somebody_else_is_noticed(tmp_path: Path) -> None:
    prd = environment(tmp_path / "1", "prd")
    made = card_of("prd", prd, NOW)
    (tmp_path / "1" / "secrets" / "prd" / "assertion.pem").write_bytes(ec_key("stranger"))
    with pytest.raises(ValueError, match="not signed with a key of its own"):
        read_card(signed_card(made, prd))


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", "null", "[" * 50_000, '{"form": "toegangspoort-card", "version": 1}', "\x00", "x" * 300_000,
     '{"form": "toegangspoort-card", "version": 1, "card": {}, "signature": 5}', '{"form": "toegangspoort-card", "version": 2}'],
)  # fmt: skip
def test_what_is_no_card_is_refused(content: str) -> None:
    with pytest.raises(ValueError, match="no environment card"):
        read_card(content)
