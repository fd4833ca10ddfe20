"""The page about ACM is followed word by word as far as it needs no ACM, and quotes pages and checks that exist."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from typer.testing import CliRunner

from gateway.cli import application
from simulator.acm.clients import load_clients
from tests.docs.desk import ROOT
from tests.docs.test_operators_guide import change
from website.blocks import blocks, commands

PAGE = (ROOT / "docs" / "connect-acm.md").read_text("utf-8")


def run(line: str) -> str:
    words = line.split()[1:]
    done = CliRunner().invoke(application(words), words)
    assert done.exit_code == 0, done.output
    return done.output


def test_its_steps_lead_to_a_configuration(tmp_path: Path) -> None:
    folder = str(tmp_path / "new")
    (diff,) = [block.text for block in blocks(PAGE) if block.language == "diff"]
    (console,) = [block.text for block in blocks(PAGE) if block.language == "console"]
    init, doctor = [line for block in blocks(PAGE) if block.language == "sh" for line in commands(block)]
    run(init.replace("/etc/toegangspoort", folder))
    assert {path.name for path in (tmp_path / "new/secrets/ti").iterdir()} >= {
        "client.pem",
        "client.jwks.json",
    }
    change(tmp_path / "new/config.yaml", diff)
    for line, said in re.findall(r"^\$ (.*)\n((?:(?!\$).*\n)*)", console, re.MULTILINE):
        assert run(line.replace("/etc/toegangspoort", folder)).replace(folder, "/etc/toegangspoort") == said
    assert doctor.startswith("gateway doctor ")
    written = yaml.safe_load((tmp_path / "new/config.yaml").read_text())["environments"]["ti"]["provider"]
    assert written["issuer"] in PAGE
    assert written["client_auth"]["method"] == "private_key_jwt"
    assert set(written["scopes"]) == {"openid", "profile", "vo", "ovam"}


def test_the_uris_are_those_that_the_gateway_uses() -> None:
    """As the client of the simulated ACM has them, with which people log in and out in other tests."""
    (client,) = [
        each
        for each in load_clients("ti", ROOT)
        if each.redirect_uris[:1] == ("http://localhost:8000/oauth2/callback",)
    ]
    for uri in (*client.redirect_uris, *client.post_logout_redirect_uris):
        assert f"`{uri.replace('http://localhost:8000', 'https://register-ti.example.be')}`" in PAGE


def test_the_checks_of_the_doctor_are_there() -> None:
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "gateway/doctor").glob("*.py"))
    section = PAGE.partition("## 5.")[2].partition("## 6.")[0]
    names = re.findall(r"^\| ((?:`[a-z-]+`(?:, )?)+) \|", section, re.MULTILINE)
    checks = [name for row in names for name in re.findall(r"`([a-z-]+)`", row)]
    assert len(checks) > 5
    assert [name for name in checks if f'"{name}"' not in source] == []


def test_what_people_see_is_on_the_pages() -> None:
    words = (ROOT / "gateway/pages/locale/nl.po").read_text("utf-8")
    seen = re.findall(r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", PAGE)
    assert seen
    assert [each for each in seen if f'msgstr "{each}' not in words] == []
