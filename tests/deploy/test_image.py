"""What the Dockerfile says, by hadolint and by reading it. `make image-check` carries it out."""

from __future__ import annotations

import re
from pathlib import Path

from deploy.check_image import Step, context, ignored, steps
from tests.deploy.tools import ROOT, beside_python, run

STEPS = steps((ROOT / "Dockerfile").read_text())
LAST = STEPS[max(number for number, step in enumerate(STEPS) if step.name == "FROM") :]


def last(name: str) -> Step:
    """The instruction of this name in the last stage."""
    (found,) = (step for step in LAST if step.name == name)
    return found


def test_hadolint_finds_nothing(tmp_path: Path) -> None:
    hadolint = beside_python("hadolint")
    done = run(hadolint, ROOT / "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")
    (tmp_path / "Dockerfile").write_text("FROM debian\nRUN cd /tmp && sudo apt-get install x\n")
    assert run(hadolint, tmp_path / "Dockerfile").returncode == 1


def test_both_stages_have_one_base_by_its_digest() -> None:
    bases = {step.rest.split()[0] for step in STEPS if step.name == "FROM"}
    (base,) = bases
    assert re.fullmatch(r"python:3\.11-slim@sha256:[0-9a-f]{64}", base)


def test_it_runs_as_a_number_and_stops_on_a_signal() -> None:
    assert last("USER").rest == "10001:10001"
    assert last("STOPSIGNAL").rest == "SIGTERM"
    for name in ("CMD", "HEALTHCHECK"):
        # In its exec form: no shell stands between the signal and the gateway.
        assert '["' in last(name).rest
    assert last("CMD").words[:2] == ["gateway", "serve"]
    assert "0.0.0.0:8000" in last("CMD").words
    assert last("VOLUME").rest == "/var/lib/toegangspoort"


def test_the_builder_gets_the_package_and_nothing_else() -> None:
    found = context(ROOT)
    tops = {path.partition("/")[0] for path in found}
    assert tops == {"gateway", "plugins", "deploy", "pyproject.toml", "README.md", "LICENSE"}
    assert [path for path in found if path.startswith("deploy/")] == ["deploy/build.lock", "deploy/run.lock"]
    assert "gateway/cli/starter.yaml" in found
    assert "gateway/pages/locale/nl.po" in found


def test_ignoring_is_as_docker_does_it() -> None:
    patterns = ["*", "!gateway", "!deploy/run.lock", "**/*.pyc"]
    kept = ["gateway/cli/serve.py", "gateway", "deploy/run.lock"]
    out = [
        "tests/a.py",
        "deploy/try/x",
        "gateway/a.pyc",
        "gateway/b/c.pyc",
        "secrets/ti/client.pem",
        ".git/config",
    ]
    assert not [path for path in kept if ignored(path, patterns)]
    assert not [path for path in out if not ignored(path, patterns)]


def test_steps_are_read_as_docker_reads_them() -> None:
    text = '# a comment\nFROM a AS b\nRUN x \\\n    # why\n    && y\nCOPY --from=b /c /d\nHEALTHCHECK --timeout=5s CMD ["e", "f g"]\n'
    assert [(step.name, step.options) for step in steps(text)] == [
        ("FROM", {}), ("RUN", {}), ("COPY", {"from": "b"}), ("HEALTHCHECK", {"timeout": "5s"}),
    ]  # fmt: skip
    assert steps(text)[1].rest.split() == ["x", "&&", "y"]
