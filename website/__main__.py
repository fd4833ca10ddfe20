"""`python -m website [FOLDER]`: build the site, by default in var/site; fails where a link leads nowhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from website.stage import ROOT, BrokenLink, Stage

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
CONFIGURATION: Final = ROOT / "website" / "zensical.toml"


def build(site: Path) -> str:
    """Build the site in a folder and return what Zensical says. Raises BrokenLink, also where Zensical finds one."""
    with tempfile.TemporaryDirectory(prefix="gw-site-") as place:
        folder = Path(place)
        Stage(folder / "pages").lay_out()
        text = CONFIGURATION.read_text("utf-8")
        placed = text.replace("[project]\n", '[project]\ndocs_dir = "pages"\nsite_dir = "site"\n', 1)
        (folder / "zensical.toml").write_text(placed, "utf-8")
        command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        if done.returncode:
            raise BrokenLink(_COLOUR.sub("", said.partition("Traceback")[0]))
        shutil.rmtree(site, ignore_errors=True)
        shutil.move(folder / "site", site)
    return said


def main() -> None:
    """Build, and exit with 1 where a link leads nowhere."""
    site = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "var" / "site"
    site.parent.mkdir(parents=True, exist_ok=True)
    try:
        build(site)
    except BrokenLink as fault:
        sys.exit(f"The site was not built.\n{fault}")
    print(f"{site}: {len(list(site.rglob('index.html')))} pages")


if __name__ == "__main__":
    main()
