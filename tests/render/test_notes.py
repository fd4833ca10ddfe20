from __future__ import annotations

from pathlib import Path

from gateway.render.files import Engine
from gateway.render.notes import front_notes
from gateway.render.site import Options, front_site
from tests.render.place import configuration


def _notes(folder: Path, engine: Engine, **changes: object) -> str:
    config = configuration(folder, **changes)  # type: ignore[arg-type]
    return "\n".join(front_notes(front_site(config, "ti", engine, Options()), engine))


def test_what_each_engine_cannot_do(tmp_path: Path) -> None:
    allow = {"request_headers": {"allow": ["accept"]}}
    assert "more headers" in _notes(tmp_path, "caddy", edge=allow)
    assert "more headers" not in _notes(tmp_path, "nginx", edge=allow)
    assert "Traefik gives clients no headers" in _notes(tmp_path, "traefik")
    probed = {"reports": {"url": "http://127.0.0.1:9", "strip_prefix": "/reports", "probe": {"path": "/up"}}}
    assert "probe" in _notes(tmp_path, "nginx", upstreams=probed)
    assert not _notes(tmp_path, "nginx")
