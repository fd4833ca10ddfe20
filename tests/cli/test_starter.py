"""The first configuration is one without a warning, in every layout."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.starter import Answers, Layout, starter
from gateway.config.lint import findings
from gateway.config.suites import failures

RIGHT = "OVAMGebruiker-NonConformiteitenIndiener"


@pytest.mark.parametrize("layout", ["one", "files"])
@pytest.mark.parametrize("right", ["", RIGHT])
@pytest.mark.parametrize("proxies", [(), ("192.0.2.10", "192.0.2.11")])
def test_it_loads_without_a_warning_and_its_tests_hold(
    tmp_path: Path, layout: Layout, right: str, proxies: tuple[str, ...]
) -> None:
    answers = Answers(
        "prd", "https://register.example.be", "https://authenticatie.vlaanderen.be/op", "5b0c3a52", "http://10.0.0.5:8080",
        "sqlite:var/prd.db", "127.0.0.1:8000", "127.0.0.1:8001", right, proxies,
    )  # fmt: skip
    made = starter(answers, layout)
    for name, text in made.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        assert "$" not in text
    config, found = findings(tmp_path / next(iter(made)))
    assert not found
    assert not failures(config, "prd")
    assert config.suites["prd"].cases
    assert len(config.environments["prd"].edge.trusted_proxies) == len(proxies)
    assert sorted(made) == (["config.yaml"] if layout == "one" else ["prd.yaml", "rules/10-register.yaml"])


@pytest.mark.parametrize("store", ["sqlite:/var/lib/gateway/prd.db", "redis://127.0.0.1:6379/0"])
def test_all_that_the_gateway_writes_is_in_the_folder_for_state(tmp_path: Path, store: str) -> None:
    answers = Answers(
        "prd", "https://register.example.be", "https://authenticatie.vlaanderen.be/op", "5b0c3a52", "http://10.0.0.5:8080",
        store, "127.0.0.1:8000", "127.0.0.1:8001", RIGHT, ("192.0.2.10",), "/var/lib/gateway",
    )  # fmt: skip
    (tmp_path / "config.yaml").write_text(starter(answers, "one")["config.yaml"])
    config, _ = findings(tmp_path / "config.yaml")
    settings = config.environment("prd")
    written = [
        config.orders_file("prd", "blocks"), config.orders_copy("prd", "emergency"), settings.session.store.path,
        settings.observe.records.path,
    ]  # fmt: skip
    assert {path.parent for path in written if path is not None} == {Path("/var/lib/gateway")}
