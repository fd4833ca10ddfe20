"""The example for registers in Python, against a gateway: what may be pressed, and what is known of that."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.buttons.decisions import NoAnswer, ask, attributes
from tests.decision_point.asking import TOKEN, callers
from tests.gateway_fixture import RIGHTS, Browser, EchoUpstream, GatewayFixture, scripted_gateway
from tests.gateways import RULES
from tests.running import RawUpstream, free_ports, raw_upstream

OWN = ("GET", "/organisaties/0428315871/meldingen/1")
OTHER = ("GET", "/organisaties/0777000187/meldingen/1")
ECHO = ("POST", "/echo/<b>")


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayFixture]:
    folder = tmp_path_factory.mktemp("buttons")
    authzen = {"callers": callers(folder, register={}), "max_evaluations": 5}
    with scripted_gateway(folder, authzen=authzen, rules=RULES, session={"cache_ttl": "0s"}) as found:
        yield found


@pytest.fixture
def browser(gate: GatewayFixture) -> Iterator[Browser]:
    gate.op.subject = "alice"
    gate.op.claims.update(RIGHTS)
    with gate.browser() as found:
        found.log_in()
        yield found


@pytest.fixture
def stack() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as found:
        yield found


def url(gate: GatewayFixture) -> str:
    return f"http://127.0.0.1:{gate.authzen_port}"


def received(gate: GatewayFixture, browser: Browser) -> dict[str, str]:
    """The headers of a request that the register gets."""
    assert browser.page("/echo", **{"accept-language": "nl"}).status_code == 200
    assert isinstance(gate.upstream, EchoUpstream)
    return gate.upstream.seen[-1][2]


def test_there_is_an_answer_for_each_wish_with_its_reason(gate: GatewayFixture, browser: Browser) -> None:
    allowed, refused = ask(url(gate), TOKEN, received(gate, browser), [OWN, OTHER])
    assert allowed == {"decision": True, "context": {}}
    assert attributes(allowed) == ""
    assert refused["decision"] is False
    assert refused["context"].keys() == {"reason_user"}
    shown = attributes(refused)
    assert shown.startswith(' aria-disabled="true" title="U hebt geen toegang tot deze pagina. ')
    assert shown.count('"') == 4


def test_a_session_that_ended_can_do_nothing(gate: GatewayFixture, browser: Browser) -> None:
    headers = received(gate, browser)
    browser.go("/oauth2/logout/local")
    answers = ask(url(gate), TOKEN, headers, [OWN, ECHO])
    assert [each["decision"] for each in answers] == [False, False]
    assert "U bent niet aangemeld" in attributes(answers[0])


def test_what_is_not_known_leaves_buttons_as_they_are(
    gate: GatewayFixture, browser: Browser, stack: contextlib.ExitStack
) -> None:
    headers = received(gate, browser)
    (nobody,) = ask(url(gate), TOKEN, {}, [OWN])  # nobody is logged in on this page
    assert attributes(nobody) == ""
    (free,) = free_ports(1)
    stranger = stack.enter_context(raw_upstream(RawUpstream(answer=lambda _: b"220 mail.test\r\n\r\n")))
    for where, token, wishes in (
        (url(gate), "not-the-token-of-this-register-at-all", [OWN]),
        (f"http://127.0.0.1:{free}", TOKEN, [OWN]),
        (f"http://127.0.0.1:{stranger.port}", TOKEN, [OWN]),
        (gate.url, TOKEN, [OWN]),  # the gateway itself: no decision point
        (url(gate), TOKEN, [OWN] * 6),
        (url(gate), TOKEN, []),
    ):
        with pytest.raises(NoAnswer):
            ask(where, token, headers, wishes)


def test_both_examples_can_be_read_at_once() -> None:
    for path in (Path(__file__).parents[2] / "examples/buttons").iterdir():
        if path.is_file():
            assert len(path.read_text("utf-8").splitlines()) <= 65, path
