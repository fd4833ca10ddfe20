"""Trust in proxies; the cases with places are in tests/cases/lint/network.txt."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.lints.warned import warned

RULE = "rules: [{{id: a, match: {{path: /a}}, require: [authenticated, {}]}}]\n"


@pytest.mark.parametrize(
    ("trusted", "count"),
    [
        ('["0.0.0.0/0"]', 1), ('["::/0"]', 1), ('["0.0.0.0/0", "::/0"]', 2), ('["0.0.0.0/1", "128.0.0.0/1"]', 1),
        ('["8.0.0.0/7"]', 1), ('["8.0.0.0/8", "9.0.0.0/8"]', 1), ('["2000::/3"]', 1), ('["::ffff:0:0/96"]', 0), ('["10.0.0.0/8"]', 0), ('["104.16.0.0/13"]', 0),
        ('["2606:4700::/32"]', 0), ('["192.0.2.7"]', 0),
    ],
)  # fmt: skip
def test_wide_trust(tmp_path: Path, trusted: str, count: int) -> None:
    text = f"environment: {{edge: {{trusted_proxies: {trusted}}}}}\n{RULE.format('anyone')}"
    assert len(warned(tmp_path, text, "wide-proxy")) == count


@pytest.mark.parametrize(
    ("policy", "warns"),
    [
        ("network: [10.0.0.0/8]", True), ("not: {network: [10.0.0.0/8]}", True), ("rate: {limit: 5, window: 1m, per: client}", True),
        ("rate: {limit: 5, window: 1m}", False), ("right: {right: indiener}", False),
    ],
)  # fmt: skip
def test_a_proxy_that_is_judged_itself(tmp_path: Path, policy: str, warns: bool) -> None:
    assert bool(warned(tmp_path, RULE.format(policy), "proxy-not-trusted")) is warns
    trusting = f"environment: {{edge: {{trusted_proxies: [192.0.2.7]}}}}\n{RULE.format(policy)}"
    assert warned(tmp_path, trusting, "proxy-not-trusted") == []
    local = f'environment: {{public_url: "http://localhost:8000"}}\n{RULE.format(policy)}'
    assert warned(tmp_path, local, "proxy-not-trusted") == []


@pytest.mark.parametrize(
    ("trusted", "network", "warns"),
    [
        ("10.0.0.0/16", "10.0.4.0/24", True), ("10.0.4.0/24", "10.0.0.0/8", True), ("10.0.0.5/32", "10.0.0.0/8", False),
        ("10.0.0.0/16", "10.1.0.0/16", False), ("2001:db8::/48", "2001:db8::/32", True), ("10.0.0.0/16", "2001:db8::/32", False),
    ],
)  # fmt: skip
def test_an_office_that_is_trusted_as_a_proxy(
    tmp_path: Path, trusted: str, network: str, warns: bool
) -> None:
    rules = RULE.format(f'network: ["{network}"]')
    text = f'environment: {{edge: {{trusted_proxies: ["{trusted}"]}}}}\n{rules}'
    assert bool(warned(tmp_path, text, "trusted-network")) is warns


@pytest.mark.parametrize(
    ("trusted", "count"),
    [("[]", 2), ("[10.0.0.0/8]", 1), ("[10.0.0.7/32]", 2), ("[10.0.0.0/8, 192.0.2.7]", 0), ('["::/0"]', 2)],
)
def test_fronts_that_are_no_trusted_proxies(tmp_path: Path, trusted: str, count: int) -> None:
    front = "{listen: 127.0.0.1:8002, dialect: caddy, peers: [10.0.0.0/24, 192.0.2.7]}"
    near = "{listen: 'unix:/run/x.sock', dialect: caddy}"
    text = f"environment: {{edge: {{trusted_proxies: {trusted}}}, fronts: {{a: {front}, b: {near}}}}}\n"
    assert len(warned(tmp_path, text + RULE.format("anyone"), "front-not-trusted")) == count
