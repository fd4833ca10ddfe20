#!/usr/bin/env python3
"""Follows "Try it" of README.md word by word, in a bare Debian that has only what the README asks for.

    deploy/try/quick_start.py [--keep FOLDER] [--test]

`make demo` goes on while the other commands run, as in a second window. `make test`, which takes ten minutes, is left out
unless asked for. Needs root, debootstrap, systemd-nspawn.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from machines import Machine, debian, machine, needed, network
from pages import blocks

SOURCE = Path(__file__).resolve().parent.parent.parent
PAGE = SOURCE / "README.md"
# "A machine with Python 3.11 or newer, pip and make is enough."
ASKED_FOR = "apt-get install --yes python3 python3-pip python3-venv make"
_WAIT = """
for _ in $(seq 240); do
    curl --silent --fail --output /dev/null http://localhost:8001/readyz && exit 0
    sleep 1
done
cat /tmp/demo.log
exit 1
"""


def followed(here: Machine, *, tested: bool) -> None:
    """All commands of the section, and what they answer."""
    demo, without_browser = blocks(PAGE, "Try it")
    lines = [line.partition("#")[0].strip() for line in demo.splitlines()]
    assert lines == ["make demo", "make test"], lines
    here.run(ASKED_FOR, quiet=True)
    here.run("make install")
    here.run(
        "systemd-run --quiet --unit demo --working-directory /srv/checkout sh -c 'make demo > /tmp/demo.log 2>&1'"
    )
    here.run(_WAIT, quiet=True)
    said = here.run("set -x\n" + without_browser)
    assert "x-forwarded-user" in said.lower(), "the register did not hear who asks"
    assert "HTTP/1.1 401" in said, "somebody without a session was let in"
    print("ok  the register hears who asks, and nobody comes in without a login")
    here.run(
        "test $(curl --silent --output /dev/null --write-out '%{http_code}' http://localhost:8101/readyz) = 200"
    )
    rule = blocks(PAGE, "Change a rule")
    changed = (here.root / "srv/checkout/config.yaml").read_text()
    last = changed.rindex("  - id: register")
    (here.root / "srv/checkout/copy.yaml").write_text(
        changed[:last] + "\n".join(f"  {line}" for line in rule[0].splitlines()) + "\n" + changed[last:]
    )
    here.run(rule[1].replace("config.yaml", "copy.yaml").replace("explain ", "explain --config copy.yaml "))
    here.run("systemctl stop demo")
    if tested:
        here.run("make test")


def main() -> None:
    """Make the machine, and follow the README on it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, help="keep the Debian here for another run")
    parser.add_argument("--test", action="store_true", help="run `make test` too")
    chosen = parser.parse_args()
    needed()
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="try-")))
        base = debian((chosen.keep or place) / "debian")
        here = stack.enter_context(network("toegangspoort-quick", (), "127.0.0.1 localhost\n::1 localhost\n"))
        only = stack.enter_context(machine("quick", base, place, here))
        shutil.copytree(
            SOURCE,
            only.root / "srv/checkout",
            ignore=shutil.ignore_patterns(".venv", "var", "secrets", "dist"),
        )
        only.folder = "/srv/checkout"
        followed(only, tested=chosen.test)
    print("the quick start of README.md was followed, and it is true")


if __name__ == "__main__":
    main()
