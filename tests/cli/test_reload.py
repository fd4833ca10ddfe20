"""Rules that change while a thousand requests come in: none is lost, none is judged by a mixture."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from gateway.config import load
from gateway.observe import record_reader
from simulator.login import login
from tests.cli.conftest import Site
from tests.cli.load import under_load
from tests.gateways import RULES
from tests.processes import command, gateway_process
from tests.running import raw_upstream

PATIENCE = 90.0  # a loaded machine takes its time; what is waited for is an event
_PAUSE = 0.2  # metrics of several workers cost them something
OK = 'toegangspoort_config_reloads_total{result="ok"}'


def text_with(site: Site, *first: dict[str, Any], **changes: Any) -> str:
    document = yaml.safe_load(site.original)
    document["rules"] = [*first, *RULES]
    document |= changes
    return yaml.safe_dump(document, sort_keys=False)


def flip(number: int, allow: bool) -> dict[str, Any]:
    require: list[Any] = ["anyone"] if allow else ["authenticated"]
    return {"id": f"flip-{number}", "match": {"path": "/flip/**"}, "require": require}


def replaced(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


async def standing(site: Site) -> str:
    async with httpx2.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
        answer = (await client.get(site.ready)).json()
    assert answer["ready"]
    detail: str = answer["checks"]["rules"]["detail"]
    return detail


async def numbers(site: Site) -> dict[str, float]:
    async with httpx2.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
        text = (await client.get(f"http://localhost:{site.observe}/metrics")).text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


async def refusals(site: Site, at_least: float) -> dict[str, float]:
    """The metrics once so many reloads were refused."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await numbers(site)
            if found.get('toegangspoort_config_reloads_total{result="refused"}', 0) >= at_least:
                return found
            await asyncio.sleep(_PAUSE)


async def in_force(site: Site, *, workers: int = 1) -> None:
    """Wait until every worker has the rules of the file."""
    wanted = int(load(site.config).rules["ti"].hash[:13], 16)
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await numbers(site)
            sets = [value for name, value in found.items() if name.startswith("toegangspoort_rule_set")]
            if sets == [wanted] * workers:
                return
            await asyncio.sleep(_PAUSE)


def records(site: Site) -> list[dict[str, Any]]:
    return list(record_reader.read_records(record_reader.record_lines(site.config.parent / "var/ti.jsonl")))


async def test_reloads_under_load_lose_nothing_and_mix_nothing(site: Site) -> None:
    path = site.config
    with raw_upstream() as register:
        site.original = site.original.replace(
            yaml.safe_load(site.original)["environments"]["ti"]["upstream"]["url"],
            f"http://127.0.0.1:{register.port}",
        )
        path.write_text(text_with(site, flip(0, True)))
        with gateway_process(path, "ti", site.ready, "--workers", "2") as child:
            await in_force(site, workers=2)
            async with under_load(site.port, "/flip/x") as asked:
                replaced(path, text_with(site, flip(1, False)))
                await in_force(site, workers=2)
                # In place, and in two halves: the first half alone is no configuration.
                text = text_with(site, flip(2, True))
                with path.open("w") as file:
                    file.write(text[: len(text) // 2])
                    file.flush()
                    file.write(text[len(text) // 2 :])
                await in_force(site, workers=2)
                assert 'toegangspoort_config_reloads_total{result="refused"}' not in await numbers(site)
                path.write_text(text.replace("flip-2", "flip-3").replace("anyone", "anyon"))
                found = await refusals(site, 2)
                assert found["toegangspoort_config_last_reload_success"] == 0
                detail = await standing(site)
                assert "refused at 20" in detail
                assert "config.yaml:" in detail
                assert "did you mean 'anyone'" in detail
                replaced(path, text_with(site, flip(4, False)))
                await in_force(site, workers=2)
                child.send_signal(signal.SIGHUP)
                before = (await numbers(site))[OK]
                async with asyncio.timeout(PATIENCE):
                    while (await numbers(site))[OK] < before + 2 or len(asked.statuses) < 1_000:
                        await asyncio.sleep(_PAUSE)
            child.terminate()
            child.wait(PATIENCE)
    assert set(asked.statuses) == {200, 401}
    written = records(site)
    kept = [each for each in written if each.get("path") == "/flip/x"]
    assert len(kept) == len(asked.statuses)
    kinds = Counter((each["rules"], each["rule"], each["verdict"], each["status"]) for each in kept)
    by_rules: dict[str, list[Any]] = {}
    for rules, *rest in kinds:
        by_rules.setdefault(rules, []).append(rest)
    assert all(len(each) == 1 for each in by_rules.values()), kinds
    assert sorted(rest for (rest,) in by_rules.values()) == [
        ["flip-0", "allow", 200],
        ["flip-1", "deny", 401],
        ["flip-2", "allow", 200],
        ["flip-4", "deny", 401],
    ]
    assert {each["result"] for each in written if each["kind"] == "reload"} == {"ok", "refused"}


async def test_links_that_are_swapped_as_in_kubernetes(site: Site) -> None:
    folder = site.config.parent
    for number in (1, 2):
        (folder / f"..version{number}").mkdir()
        (folder / f"..version{number}/config.yaml").write_text(text_with(site, flip(number, number == 2)))
    (folder / "..data").symlink_to("..version1")
    site.config.unlink()
    site.config.symlink_to("..data/config.yaml")
    with gateway_process(site.config, "ti", site.ready):
        async with httpx2.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{site.url}/flip/x")).status_code == 401
            (folder / "..fresh").symlink_to("..version2")
            (folder / "..fresh").replace(folder / "..data")
            await in_force(site)
            assert (await client.get(f"{site.url}/flip/x")).status_code == 404
        assert "restart needed" not in await standing(site)


async def test_rules_that_fail_their_tests_stay_out_and_settings_wait_for_a_restart(site: Site) -> None:
    tests = [{"request": "GET /flip/x", "expect": "deny"}]
    site.config.write_text(text_with(site, flip(1, False), tests=tests))
    with gateway_process(site.config, "ti", site.ready):
        before = (await standing(site)).split(",")[0]
        site.config.write_text(text_with(site, flip(2, True), tests=tests))
        await refusals(site, 1)
        detail = await standing(site)
        assert detail.startswith(before)
        assert "test 'GET /flip/x as nobody' failed: expected deny, but rule 'flip-2' allows it" in detail
        document = yaml.safe_load(text_with(site, flip(3, False), tests=tests))
        document["environments"]["ti"]["upstream"]["connect_timeout"] = "9s"
        document["environments"]["ti"]["listen"] = "127.0.0.1:1"
        document["identity"]["header_encoding"] = "base64url"
        site.config.write_text(yaml.safe_dump(document))
        await in_force(site)
        found = await numbers(site)
        assert found["toegangspoort_config_restart_needed"] == 1
        detail = await standing(site)
        assert not detail.startswith(before)
        assert "restart needed for: listen, upstream.connect_timeout, identity.header_encoding" in detail
        document["environments"]["prd"] = document["environments"]["ti"]
        site.config.write_text(yaml.safe_dump(document))
        await refusals(site, 2)
        assert "share their" in await standing(site)


async def test_an_open_stream_ends_when_the_rules_no_longer_allow_it(site: Site) -> None:
    with gateway_process(site.config, "ti", site.ready):
        cookie = await asyncio.to_thread(login, site.url, "indiener")
        async with (
            httpx2.AsyncClient(trust_env=False, headers={"cookie": cookie}, timeout=PATIENCE) as client,
            client.stream("GET", f"{site.url}/echo/stream?events=5000&interval=0.02") as answer,
        ):
            parts = answer.aiter_raw()
            assert b"data: 0" in await anext(parts)
            closed = {
                "id": "closed",
                "match": {"path": "/echo/stream"},
                "require": [{"organisation": {"any_of": ["0000000000"]}}],
            }
            replaced(site.config, text_with(site, closed))
            with pytest.raises(httpx2.RemoteProtocolError):
                async for _ in parts:
                    pass
    cut = next(each for each in records(site) if "cut" in each)
    assert (cut["rule"], cut["verdict"], cut["error"], cut["cut"]["reason"]) == (
        "echo",
        "allow",
        "stream-cut",
        "forbidden",
    )
    assert cut["cut"]["rules"] != cut["rules"]


def test_rules_that_fail_their_tests_do_not_start_either(site: Site) -> None:
    tests = [{"request": "GET /flip/x", "expect": "allow"}]
    site.config.write_text(text_with(site, flip(1, False), tests=tests))
    done = command("serve", "--config", str(site.config), "--env", "ti")
    assert done.returncode == 1
    assert "test 'GET /flip/x as nobody' failed" in done.stderr
