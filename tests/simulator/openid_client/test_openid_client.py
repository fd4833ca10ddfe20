"""openid-client, the library that most applications on Node use, logs in at the simulated ACM."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.acm.app import create_acm
from simulator.acm.state import AcmState
from simulator.data.seed import load_people
from simulator.run import bind, url_of
from tests.keys import rsa_client_keys
from tests.running import serving
from tests.simulator.acm.conftest import CLIENTS, WEB
from tests.simulator.acm.form import Form
from tests.simulator.acm.relying_party import Clock, RelyingParty

HERE = Path(__file__).parent
KEYED = CLIENTS[1]
SCOPE = "openid profile vo ovam offline_access"


def lacking(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"CI needs openid-client: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script, in a folder where its dependencies are installed from the lock."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        lacking("no node and npm on this machine")
    folder = tmp_path_factory.mktemp("openid-client")
    for name in ("package.json", "package-lock.json", "login.mjs"):
        shutil.copy(HERE / name, folder)
    done = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        lacking(f"npm could not install the lock: {done.stderr[-500:]}")
    return folder / "login.mjs"


@pytest.fixture(scope="module")
def acm() -> Iterator[AcmState]:
    sock, people = bind(0), load_people()
    state = AcmState("ti", url_of(sock), CLIENTS, lambda: people)
    with serving(create_acm(state), sock=sock, lifespan="off"):
        yield state


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "private_key_jwt"])
@pytest.mark.parametrize("mode", [None, "form_post"])
def test_a_login_from_begin_to_end(script: Path, acm: AcmState, method: str, mode: str | None) -> None:
    client = KEYED if method == "private_key_jwt" else WEB
    wanted: dict[str, Any] = {
        "issuer": acm.issuer, "clientId": client.client_id, "method": method, "secret": client.secret,
        "key": rsa_client_keys("acm")[0].decode(), "redirectUri": client.redirect_uris[0], "scope": SCOPE,
        "responseMode": mode, "afterLogout": client.post_logout_redirect_uris[0],
    }  # fmt: skip
    person = RelyingParty(acm.issuer, client, Clock())
    with subprocess.Popen(
        ["node", str(script)], cwd=script.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as node, person.browser:  # fmt: skip
        assert node.stdin is not None
        assert node.stdout is not None
        assert node.stderr is not None

        def say(value: dict[str, Any]) -> dict[str, Any]:
            node.stdin.write(json.dumps(value) + "\n")  # type: ignore[union-attr]
            node.stdin.flush()  # type: ignore[union-attr]
            line = node.stdout.readline()  # type: ignore[union-attr]
            assert line, node.stderr.read()  # type: ignore[union-attr]
            found: dict[str, Any] = json.loads(line)
            return found

        page = person.follow(person.browser.get(say(wanted)["location"]))
        answer = person.post(page, "login", persona="indiener", means="eid")
        if mode == "form_post":
            form = Form(answer.text)
            learnt = say({"url": form.target, "form": form.fields})
        else:
            learnt = say({"url": answer.headers["location"]})
        assert learnt["claims"]["vo_orgcode"] == "0456789034"
        assert learnt["userinfo"]["ovam_rol_3d"] == ["OVAMGebruiker-NonConformiteitenIndiener:0456789034"]
        assert learnt["scope"] == "profile vo ovam offline_access"
        assert learnt["rotated"] is True
        assert learnt["introspection"]["active"] is True
        assert learnt["replay"] == "invalid_grant"
        out = person.browser.get(learnt["logout"])
        assert out.headers["location"] == f"{client.post_logout_redirect_uris[0]}?state=the+state"
        assert node.wait(10) == 0
