"""`gateway policy explain`, run as an operator runs it."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from tests.gateways import settings, write_config
from tests.processes import command


def person(folder: Path, **facts: object) -> str:
    path = folder / "person.json"
    path.write_text(json.dumps(facts))
    return str(path)


def explain(config: Path, *arguments: str) -> tuple[int, str, str]:
    done = command("policy", "explain", "--config", str(config), "--env", "ti", *arguments)
    return done.returncode, done.stdout, done.stderr


def test_explain_tells_what_was_looked_at_and_what_helps(config: Path, tmp_path: Path) -> None:
    somebody = person(tmp_path, organisation="0456789034", rights=["OVAMGebruiker-Bodemdossiers:0456789034"])
    code, out, _ = explain(config, "--as", somebody, "GET", "/organisaties/0456789034/meldingen/1")
    assert code == 0
    assert out.startswith("REFUSED by rule 'own' (right-missing)")
    assert "the path does not match /public/**" in out
    assert "path variables: kbo=0456789034" in out
    assert "granted by your local administrator" in out
    allowed = person(tmp_path, organisation="0456789034", rights=["indiener"])
    assert explain(config, "--as", allowed, "GET", "/")[1].startswith("ALLOWED by rule 'home'")
    assert "log in" in explain(config, "GET", "/")[1]
    assert "no rule matches" in explain(config, "GET", "/nothing")[1]


def test_whose_answer_it_is_where_no_environment_was_named(config: Path, tmp_path: Path) -> None:
    asked = ("policy", "explain", "--config", str(config), "GET", "/")
    assert command(*asked).stderr == "", "there is but one"
    both = {
        name: settings(
            tmp_path, name=name, gateway_url=f"http://localhost:80{number}0", acm_url=f"http://localhost:80{number}1",
            upstream_url=f"http://localhost:80{number}2",
            observe={"listen": f"127.0.0.1:80{number}3", "records": f"file:var/{name}.jsonl"},
        )
        for number, name in enumerate(("ti", "prd"))
    }  # fmt: skip
    asked = ("policy", "explain", "--config", str(write_config(tmp_path, both)), "GET", "/")
    done = command(*asked)
    assert (done.returncode, done.stderr) == (0, "of ti; --env names one of: ti, prd\n")
    assert command(*asked, "--env", "prd").stderr == ""


def test_explain_at_another_time_and_place_as_one_of_the_people(config: Path, tmp_path: Path) -> None:
    document = yaml.safe_load(config.read_text())
    document["environments"]["ti"]["edge"] = {"hosts": ["other.test"]}
    document["people"] = {"submitter": {"organisation": "0456789034", "rights": ["indiener"]}}
    document["rules"] = [
        {
            "id": "night",
            "match": {"path": "/night"},
            "require": [{"schedule": {"hours": {"mon-sun": "22:00-23:00"}}}],
        },
        {"id": "inside", "match": {"path": "/inside"}, "require": [{"network": ["10.0.0.0/8"]}]},
        {"id": "other", "match": {"path": "/other", "hosts": ["other.test"]}, "require": ["anyone"]},
        {
            "id": "few",
            "match": {"path": "/few", "methods": ["GET"]},
            "require": [{"rate": {"limit": 5, "window": "1m"}}],
        },
        {"id": "all", "match": {"path": "/**"}, "require": ["authenticated"]},
    ]
    config.write_text(yaml.safe_dump(document, sort_keys=False))
    at = ("--at", "2026-11-24T22:30", "GET", "/night")
    assert explain(config, *at)[1].startswith("ALLOWED by rule 'night'")
    early = explain(config, "--at", "2026-11-24T21:30", "GET", "/night")[1]
    assert early.startswith("REFUSED by rule 'night' (closed-now)")
    assert "wait until 2026-11-24 22:00:00+01:00" in early
    assert explain(config, "--client", "10.1.2.3", "GET", "/inside")[1].startswith("ALLOWED")
    assert explain(config, "GET", "/inside")[1].startswith("REFUSED")
    assert explain(config, "--host", "other.test", "GET", "/other")[1].startswith("ALLOWED by rule 'other'")
    out = explain(config, "--as", "submitter", "GET", "/other")[1]
    assert out.startswith("ALLOWED by rule 'all'")
    assert "the host is not one of other.test" in out
    assert "the method is not one of GET, HEAD" in explain(config, "POST", "/few")[1]
    few = explain(config, "--as", "submitter", "GET", "/few")[1]
    assert few.startswith("ALLOWED by rule 'few'")
    assert (
        'assumed, because only live requests ask for it: rate:few:subject:5/60s answers {"within": true}'
        in few
    )
    assert "the rule after it was not tried" in few
    for wrong in (("--at", "later"), ("--client", "here"), ("--as", "submiter")):
        assert explain(config, *wrong, "GET", "/")[0] == 2
    assert "did you mean 'submitter'" in explain(config, "--as", "submiter", "GET", "/")[2]


def test_what_the_gateway_answers_before_any_rule(config: Path) -> None:
    document = yaml.safe_load(config.read_text())
    document["environments"]["ti"]["edge"] = {"hosts": ["other.test"], "methods": ["PROPFIND"]}
    document["rules"] = [{"id": "all", "match": {"path": "/**"}, "require": ["anyone"], "websocket": True}]
    config.write_text(yaml.safe_dump(document, sort_keys=False))
    for asked, words in (
        (("TRACE", "/x"), "refuses the method 'TRACE' before any rule: it accepts GET, "),
        (("LOCK", "/x"), "OPTIONS, PROPFIND\n"),
        (("", "/x"), "refuses the method ''"),
        (("--websocket", "POST", "/x"), "a WebSocket is opened with GET, not with POST"),
        (
            ("--host", "evil.test", "GET", "/x"),
            "refuses the host 'evil.test' before any rule (400): this environment has ",
        ),
        (("GET", "/oauth2/start"), "the gateway itself answers /oauth2/start"),
        (("GET", "/.well-known/jwks.json"), "the gateway itself answers"),
    ):
        code, out, err = explain(config, *asked)
        assert (code, out) == (1, ""), asked
        assert words in err
    for asked in (("propfind", "/x"), ("--host", "OTHER.test:80", "GET", "/x"), ("GET", "/robots.txt")):
        assert explain(config, *asked)[1].startswith("ALLOWED by rule 'all'"), asked
    document["rules"][0]["require"] = ["authenticated"]
    config.write_text(yaml.safe_dump(document, sort_keys=False))
    assert "the gateway itself answers /robots.txt" in explain(config, "GET", "/robots.txt")[2]
    assert explain(config, "--client", "fe80::1%eth0", "GET", "/x")[0] == 2


def test_explain_as_data(config: Path, tmp_path: Path) -> None:
    somebody = person(tmp_path, organisation="0456789034", rights=[])
    found = json.loads(explain(config, "--as", somebody, "--json", "GET", "/")[1])
    assert found["allowed"] is False
    assert found["missing"][0][0]["right"] == "OVAMGebruiker"
    assert [rule["rule"] for rule in found["rules"]] == ["open", "own", "echo", "home"]


def test_explain_tells_what_is_wrong_with_its_input(config: Path, tmp_path: Path) -> None:
    for facts, words in (
        ({"organisatin": "x"}, "did you mean 'organisation'"),
        ({"rights": ["indienr"]}, "did you mean 'indiener'"),
    ):
        code, _, err = explain(config, "--as", person(tmp_path, **facts), "GET", "/")
        assert code == 2
        assert words in err
    (tmp_path / "broken.json").write_text("{")
    assert explain(config, "--as", str(tmp_path / "broken.json"), "GET", "/")[0] == 2
    assert explain(config, "--as", str(tmp_path / "none.json"), "GET", "/")[0] == 2
    code, _, err = explain(config, "GET", "/a/../b")
    assert code == 1
    assert "refuses this path before any rule" in err
