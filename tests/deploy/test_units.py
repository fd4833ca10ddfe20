"""The units are ones that systemd takes, and are closed as far as the gateway allows."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

from tests.deploy.tools import ROOT, program, run

UNITS = ROOT / "deploy/systemd"
# Of 10 (open) to 0 (closed). What remains: the network, which it serves, and the addresses, which only operators know.
MOST_EXPOSED = 1.5


class _Values(dict[str, object]):
    """Keeps every value of a key that comes again."""

    def __setitem__(self, key: str, value: object) -> None:
        if isinstance(value, list) and key in self:
            self[key].extend(value)  # type: ignore[attr-defined]
        else:
            super().__setitem__(key, value)


def unit(name: str) -> configparser.RawConfigParser:
    found = configparser.RawConfigParser(strict=False, dict_type=_Values)
    found.optionxform = str  # type: ignore[assignment, method-assign]
    found.read(UNITS / name)
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units as a machine has them, with the drop-in; the command is one that this machine has."""
    folder = tmp_path_factory.mktemp("units")
    for path in UNITS.glob("toegangspoort@.*"):
        text = path.read_text().replace("/opt/toegangspoort/bin/gateway", "/bin/true")
        for instance in ("", "ti", "prd"):
            (folder / path.name.replace("@.", f"@{instance}.")).write_text(text)
    (folder / "toegangspoort@prd.service.d").mkdir()
    (folder / "toegangspoort@prd.service.d/credentials.conf").write_text(
        (UNITS / "credentials.conf").read_text()
    )
    return folder


@pytest.mark.parametrize(
    "name", ["toegangspoort@ti.service", "toegangspoort@ti.socket", "toegangspoort@prd.service"]
)
def test_systemd_takes_it(installed: Path, name: str) -> None:
    done = run(
        program("systemd-analyze", package="systemd"), "verify", "--man=no", f"./{name}", cwd=installed
    )
    # The accounts and sockets of this machine's own units are no fault of ours.
    ours = [line for line in done.stderr.splitlines() if "toegangspoort" in line]
    assert not ours
    assert done.returncode == 0, done.stderr


def test_a_fault_in_it_would_be_found(installed: Path) -> None:
    broken = installed / "toegangspoort@broken.service"
    broken.write_text(
        (installed / "toegangspoort@ti.service").read_text().replace("KillMode=mixed", "KillMode=soft")
    )
    done = run(
        program("systemd-analyze", package="systemd"), "verify", "--man=no", f"./{broken.name}", cwd=installed
    )
    assert "kill mode" in done.stderr


def test_it_is_closed(installed: Path) -> None:
    done = run(
        program("systemd-analyze", package="systemd"), "security", "--offline=true", "--no-pager",
        "./toegangspoort@ti.service", cwd=installed,
    )  # fmt: skip
    found = re.search(r"exposure level for toegangspoort@ti.service: ([0-9.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) <= MOST_EXPOSED


def test_environments_share_no_account_and_no_folder() -> None:
    service = unit("toegangspoort@.service")["Service"]
    assert service["User"] == service["Group"] == "toegangspoort-%i"
    assert service["StateDirectory"] == "toegangspoort/%i"
    accounts = re.findall(r"^u (\S+)", (UNITS / "toegangspoort.sysusers").read_text(), re.M)
    assert accounts == ["toegangspoort-ti", "toegangspoort-prd"]
    folders = re.findall(r"^d (\S+)\s+(\d+) root (\S+)", (UNITS / "toegangspoort.tmpfiles").read_text(), re.M)
    assert folders == [
        ("/etc/toegangspoort", "0755", "root"),
        ("/etc/toegangspoort/ti", "0750", "toegangspoort-ti"),
        ("/etc/toegangspoort/prd", "0750", "toegangspoort-prd"),
    ]


def test_it_is_given_time_to_drain_and_reads_rules_again() -> None:
    service = unit("toegangspoort@.service")["Service"]
    assert service["Type"] == "notify"
    assert int(service["TimeoutStopSec"]) >= 60
    # A gateway that still ends listens at the same socket.
    assert service["NonBlocking"] == "yes"
    assert service["ExecReload"] == '/bin/sh -c "kill -HUP ${MAINPID}"'


def test_what_systemd_hands_over_is_where_the_page_puts_it() -> None:
    page = (ROOT / "docs/deployment.md").read_text()
    folder = re.search(r"cp store-password (\S+)/\n", page)
    assert folder is not None
    loaded = re.search(
        r"^LoadCredential=store-password:(\S+)$", (UNITS / "credentials.conf").read_text(), re.M
    )
    assert loaded is not None
    assert loaded[1].replace("%i", "ti") == f"{folder[1]}/store-password"
