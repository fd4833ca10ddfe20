#!/usr/bin/env python3
"""Carries out the steps of the Dockerfile in chroots, and tries what comes of them: for machines without Docker.

Needs root, debootstrap and unshare. The base image is stood in for by a minimal Debian with the same Python; everything
else is what the Dockerfile says. The result runs as a container would: as the user that it names, its file system
read-only but for the volume and /tmp, in a network of its own.

    deploy/check_image.py [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
SUITE = "bookworm"
PACKAGES = ("python3", "python3-venv", "python3-pip", "ca-certificates")
# What steps need to reach a package index from in here.
_PASSED_ON = re.compile(r"PIP_(INDEX_URL|EXTRA_INDEX_URL|CERT|DEFAULT_TIMEOUT)|https?_proxy|no_proxy", re.I)


@dataclass(frozen=True)
class Step:
    """One instruction: its name in capitals, options such as --from, and the rest."""

    name: str
    rest: str
    options: dict[str, str] = field(default_factory=dict)

    @property
    def words(self) -> list[str]:
        """The rest in its exec form (JSON), or split as a shell would."""
        return json.loads(self.rest) if self.rest.startswith("[") else shlex.split(self.rest)


def steps(text: str) -> list[Step]:
    """The instructions of a Dockerfile, in their order."""
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.M)
    found = []
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if not line.strip():
            continue
        name, rest = line.split(None, 1)
        options = {}
        while match := re.match(r"\s*--([a-z-]+)=(\S+)\s+", rest):
            options[match[1]] = match[2]
            rest = rest[match.end() :]
        found.append(Step(name.upper(), rest.strip(), options))
    return found


def ignored(path: str, patterns: list[str]) -> bool:
    """Whether a .dockerignore with these patterns keeps this path out: the last that matches it, or a folder of it, says."""
    out = False
    folders = [path, *(str(each) for each in Path(path).parents if str(each) != ".")]
    for pattern in patterns:
        plain = pattern.removeprefix("!").rstrip("/")
        alternatives = (
            (plain, plain.removeprefix("**/"), f"*/{plain.removeprefix('**/')}")
            if "**/" in plain
            else (plain,)
        )
        if any(
            fnmatch(each, form) and ("**" in plain or each.count("/") == form.count("/"))
            for each in folders
            for form in alternatives
        ):
            out = not pattern.startswith("!")
    return out


def context(source: Path) -> list[str]:
    """The files that the builder gets: those below `source` that .dockerignore lets through."""
    lines = (source / ".dockerignore").read_text().splitlines()
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=source, capture_output=True, text=True, check=True
    ).stdout.splitlines()  # fmt: skip
    return [path for path in tracked if (source / path).is_file() and not ignored(path, patterns)]


class Image:
    """One stage while it is built, and what it says about running it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.variables = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        self.folder = "/"
        self.user = "0:0"
        self.volumes: list[str] = []
        self.command: list[str] = []
        self.check: list[str] = []

    def copy(self, step: Step, stages: dict[str, Image]) -> None:
        """COPY, of the context or of another stage."""
        *sources, target = step.words
        place = self.root / str(Path(self.folder, target)).lstrip("/")
        if "from" in step.options:
            for each in sources:
                found = stages[step.options["from"]].root / each.lstrip("/")
                shutil.copytree(found, place, symlinks=True)
            return
        for path in context(SOURCE):
            for each in sources:
                if path != each and not path.startswith(f"{each}/"):
                    continue
                inside = path.removeprefix(f"{each}/") if path != each else Path(path).name
                into = place / inside if target.endswith("/") or path != each else place
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(SOURCE / path, into)

    def run(self, step: Step) -> None:
        """RUN: a shell in this stage, as root."""
        passed = {name: value for name, value in os.environ.items() if _PASSED_ON.fullmatch(name)} | {
            "PIP_QUIET": "1"
        }
        environ = [f"{name}={value}" for name, value in (passed | self.variables).items()]
        words = f"cd {shlex.quote(self.folder)} && {step.rest}"
        subprocess.run(
            ["chroot", self.root, "/usr/bin/env", "-i", *environ, "/bin/sh", "-c", words], check=True
        )  # fmt: skip

    def note(self, step: Step) -> None:
        """What an instruction says about the container."""
        if step.name == "ENV":
            self.variables |= dict(each.split("=", 1) for each in step.words)
        elif step.name == "WORKDIR":
            self.folder = step.rest
            (self.root / step.rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif step.name == "USER":
            self.user = step.rest
        elif step.name == "VOLUME":
            self.volumes.append(step.rest)
        elif step.name == "CMD":
            self.command = step.words
        elif step.name == "HEALTHCHECK":
            self.check = json.loads(step.rest.partition("CMD ")[2])


def debian(root: Path) -> None:
    """A minimal Debian with Python where the base image has it."""
    subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, root, "http://deb.debian.org/debian"],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    (root / "usr/local/bin/python3").symlink_to("/usr/bin/python3")
    for path in ("etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt"):
        if Path("/", path).exists():
            shutil.copy(Path("/", path), root / path)


def build(place: Path) -> Image:
    """Carry out the Dockerfile; returns the last stage."""
    base, stages = place / "base", {}
    if not (base / "usr/local/bin/python").exists():
        debian(base)
    image: Image | None = None
    for step in steps((SOURCE / "Dockerfile").read_text()):
        print(f"--> {step.name} {step.rest[:90]}", flush=True)
        if step.name == "FROM":
            words = step.rest.split()
            name = words[2] if len(words) > 1 else f"stage-{len(stages)}"
            shutil.rmtree(place / name, ignore_errors=True)
            subprocess.run(["cp", "-a", "--reflink=auto", base, place / name], check=True)
            image = stages[name] = Image(place / name)
            continue
        assert image is not None, "FROM comes first"
        if step.name == "COPY":
            image.copy(step, stages)
        elif step.name == "RUN":
            image.run(step)
        else:
            image.note(step)
    assert image is not None
    return image


def main() -> None:
    """Build it, and try it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--keep", type=Path, help="keep the roots here, and use the base that is there already"
    )
    place = parser.parse_args().keep
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        sys.exit("this needs root, and debootstrap: apt-get install debootstrap")
    with tempfile.TemporaryDirectory(prefix="image-") as folder:
        image = build(place or Path(folder))
        from deploy.try_image import tried  # noqa: PLC0415 - beside this file

        tried(image)
    print("the image is built, and runs as it should")


if __name__ == "__main__":
    sys.path.insert(0, str(SOURCE))
    main()
