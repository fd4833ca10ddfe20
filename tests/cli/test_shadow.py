"""Candidate rules beside the active ones on live traffic: never enforced, never noticed, told in numbers and words."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx2
import yaml

from gateway.config import load
from gateway.observe import record_reader
from simulator.login import login
from tests.cli.conftest import Site
from tests.gateways import RULES
from tests.processes import command, gateway_process

PATIENCE = 20.0
ASKING = {
    "id": "asks",
    "match": {"path": "/echo/rate"},
    "require": [{"rate": {"limit": 50, "window": "1m"}}],
}


def rules_text(site: Site, *first: dict[str, Any], shadow: str | None = None) -> str:
    document = yaml.safe_load(site.original)
    document["rules"] = [*first, *RULES]
    if shadow is not None:
        document["environments"]["ti"]["shadow"] = shadow
    return yaml.safe_dump(document, sort_keys=False)


async def detail_becomes(site: Site, part: str) -> None:
    """Wait until readiness says this of the candidate."""
    async with asyncio.timeout(PATIENCE), httpx2.AsyncClient(trust_env=False) as client:
        while True:
            answer = (await client.get(site.ready)).json()
            assert answer["ready"]
            if part in answer["checks"]["shadow"]["detail"]:
                return
            await asyncio.sleep(0.05)


async def test_what_candidate_rules_would_change_is_told_and_never_enforced(site: Site) -> None:
    candidate = site.config.with_name("next.yaml")
    open_all = {"id": "open-all", "match": {"path": "/flip/**"}, "require": ["anyone"]}
    ovam_only = {
        "id": "ovam-only",
        "match": {"path": "/echo/secret"},
        "require": [{"organisation": {"any_of": ["OVO000099"]}}],
    }
    candidate.write_text(rules_text(site, open_all, ovam_only, ASKING))
    site.config.write_text(rules_text(site, shadow="next.yaml"))
    wanted = load(candidate).rules["ti"].hash
    with gateway_process(site.config, "ti", site.ready):
        await detail_becomes(site, f"candidate rule set {wanted[:12]}")
        cookie = await asyncio.to_thread(login, site.url, "indiener")
        async with httpx2.AsyncClient(trust_env=False, headers={"cookie": cookie}) as client:
            for path, status in (
                ("/echo/secret", 200),
                ("/flip/x", 403),
                ("/echo/rate", 200),
                ("/echo", 200),
            ):
                for _ in range(5):
                    assert (await client.get(f"{site.url}{path}")).status_code == status
            metrics = (await client.get(f"http://localhost:{site.observe}/metrics")).text
            for line in (
                'toegangspoort_shadow_differences_total{change="newly_denied",rule="ovam-only"} 5.0',
                'toegangspoort_shadow_differences_total{change="newly_allowed",rule="open-all"} 5.0',
                'toegangspoort_shadow_judged_total{result="differs"} 10.0',
                'toegangspoort_shadow_judged_total{result="unknown"} 5.0',
                "toegangspoort_shadow_loaded 1.0",
            ):
                assert line in metrics
            candidate.write_text("rules: [")
            await detail_becomes(site, f"nothing is compared: {candidate}:")
            assert (await client.get(f"{site.url}/echo/secret")).status_code == 200
            candidate.write_text(rules_text(site))
            await detail_becomes(site, "candidate rule set")
            # The candidate goes when the active file no longer names it.
            site.config.write_text(rules_text(site))
            async with asyncio.timeout(PATIENCE):
                while (
                    "shadow_loaded 0.0"
                    not in (await client.get(f"http://localhost:{site.observe}/metrics")).text
                ):
                    await asyncio.sleep(0.05)
    file = site.config.parent / "var/ti.jsonl"
    written = list(record_reader.read_records(record_reader.record_lines(file)))
    differing = [each for each in written if "shadow" in each]
    assert len(differing) == 10
    assert {each["path"] for each in differing} == {"/echo/secret", "/flip/x"}
    assert {each["shadow"]["rules"] for each in differing} == {wanted}
    said = command("policy", "shadow-report", str(file))
    assert said.returncode == 1, said.stderr
    lines = said.stdout.splitlines()
    assert lines[0] == "21 requests decided, 10 of them differently by the candidate rules"
    assert lines[1].startswith("NEWLY DENIED echo -> ovam-only (")
    assert lines[2].startswith("  5 requests of 1 people, from 20")
    assert lines[3].startswith("  such as GET /echo/secret (")
    assert any(line.startswith("NEWLY ALLOWED no rule -> open-all, by candidate ") for line in lines)
    data = json.loads(command("policy", "shadow-report", str(file), "--json").stdout)
    assert data["candidates"][0] == wanted
    assert [(each["change"], each["count"], len(each["samples"])) for each in data["differences"]] == [
        ("newly_denied", 5, 3),
        ("newly_allowed", 5, 3),
    ]


async def test_a_broken_candidate_does_not_keep_the_gateway_from_starting(site: Site) -> None:
    site.config.write_text(rules_text(site, shadow="nothing.yaml"))
    with gateway_process(site.config, "ti", site.ready):
        await detail_becomes(site, "nothing is compared: ")
        async with httpx2.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{site.url}/echo")).status_code == 401
    quiet = command("policy", "shadow-report", str(site.config.parent / "var/ti.jsonl"))
    assert quiet.returncode == 0
    assert "no candidate rules were compared: set `shadow:` in the environment" in quiet.stdout
    assert command("policy", "shadow-report", "nothing.jsonl").returncode == 2
