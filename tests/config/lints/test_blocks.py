"""Blocks under a key that is gone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.blocks.block_list import BLOCKS, Block, change
from gateway.config import Config, load
from gateway.config.lint import findings
from tests.gateways import settings, write_config


@pytest.mark.parametrize("shared", [False, True])
def test_a_block_under_a_key_that_is_gone_is_reported(tmp_path: Path, shared: bool) -> None:
    environment = settings(
        tmp_path, name="ti", gateway_url="http://localhost:8000", acm_url="http://localhost:8010",
        upstream_url="http://localhost:8020",
    )  # fmt: skip
    path = write_config(tmp_path, {"ti": environment})
    config = load(path)
    (key,) = config.environment("ti").ring("pseudonyms").read()
    blocks = [
        Block("b-lasts", "person", "p", "r", "op", 0.0, None, (key.id,)),
        Block("b-over", "person", "p", "r", "op", 0.0, 1.0, ("another",)),
        Block("b-organisation", "organisation", "0428315871", "r", "op", 0.0),
    ]
    _write(config, blocks, shared=shared)
    assert "block-without-key" not in {finding.code for finding in findings(path)[1]}
    (tmp_path / "secrets/ti/session.key").write_bytes(b"another key that nobody knows of" * 2)
    (found,) = [finding for finding in findings(path)[1] if finding.code == "block-without-key"]
    assert "b-lasts; name it as a previous key" in found.message


def _write(config: Config, blocks: list[Block], *, shared: bool) -> None:
    if not shared:
        change(config.blocks_file("ti"), "ti", lambda _none: blocks)
        return
    copy = config.blocks_copy("ti")
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text(json.dumps({"revision": 3, "order": json.loads(BLOCKS.text(blocks, "ti"))}))
