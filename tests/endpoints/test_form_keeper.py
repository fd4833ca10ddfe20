"""What is taken in, beside tests/endpoints/test_kept_forms.py: the label, and a client that leaves."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from gateway.endpoints.form_keeper import label_of
from gateway.exchange import Exchange, Judgement
from gateway.model import NOTHING, Decision
from tests.gateway_fixture import GatewayFixture, scripted_gateway
from tests.waiting import until


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    rules = [{"id": "all", "match": {"path": "/**"}, "require": ["authenticated"], "label": {"nl": "Alles"}}]
    with scripted_gateway(
        tmp_path_factory.mktemp("keeper"), session={"store": "memory:"}, rules=rules
    ) as found:
        yield found


def test_a_form_has_the_label_of_its_rule(gate: GatewayFixture) -> None:
    exchange = Exchange({}, None, None, 0.0)  # type: ignore[arg-type]
    rules = gate.gateway.areas.rules.reload.rules()
    assert label_of(exchange, rules) == NOTHING
    for rule, label in (("all", {"nl": "Alles"}), ("gone", {})):
        exchange.judgement = Judgement(rules.hash, decision=Decision(allowed=False, rule=rule, reason="x"))
        assert dict(label_of(exchange, rules)) == label


def test_a_browser_that_leaves_in_the_middle_leaves_nothing(gate: GatewayFixture) -> None:
    with gate.browser() as browser:
        browser.log_in()
        cookie = browser.headers(None)["cookie"]
    gate.clock.ahead += 1_801
    values = gate.gateway.areas.people.sessions._stored.store._values  # type: ignore[attr-defined]
    before = len(values)
    lines = (
        "POST /a HTTP/1.1",
        f"Host: localhost:{gate.port}",
        f"Cookie: {cookie}",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Length: 900000",
        "Sec-Fetch-Site: same-origin",
        "Sec-Fetch-Mode: navigate",
        "Sec-Fetch-Dest: document",
    )
    with socket.create_connection(("127.0.0.1", gate.port), timeout=20) as sock:
        sock.sendall("\r\n".join((*lines, "", "")).encode() + b"x" * 600_000)
        assert until(lambda: len(values) > before, 20), "the first pieces are kept"
    assert until(lambda: len(values) == before, 20), "and gone with the browser"
