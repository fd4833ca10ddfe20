"""A real Tomcat 10, configured and compiled from what stands in docs/java-register.md."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from tests.keys import ec_key
from tests.processes import ROOT
from tests.running import free_socket

HOME = Path("/usr/share/tomcat10")
PAGE = (ROOT / "docs/java-register.md").read_text("utf-8")
NAMESPACE = 'xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0" metadata-complete="true"'
_SECONDS = 90
# A start in little time: nothing here runs long enough to be worth the second compiler.
_BRIEF = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"]


def blocks(language: str) -> list[str]:
    """The code in this language on the page, in order."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@dataclass(frozen=True)
class Tomcat:
    """One Tomcat with two applications: /app as the page says, with the filter, and /oud as Tomcat comes."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def _compiler() -> list[str]:
    """The command that compiles; skips the test where something is not installed, unless CI says that it must be."""
    found = shutil.which("javac") or shutil.which("ecj")
    if found is None or shutil.which("java") is None or not (HOME / "lib/catalina.jar").exists():
        wanted = "apt-get install tomcat10-user default-jdk-headless"
        if os.environ.get("CI") == "true":
            pytest.fail(f"Tomcat 10 is needed: {wanted}")
        pytest.skip(f"Tomcat 10 is not installed here: {wanted}")
    return [found, "-source", "11", "-target", "11"]


def _application(folder: Path, classes: Path, web: str) -> None:
    inside = folder / "WEB-INF"
    inside.mkdir(parents=True)
    shutil.copytree(classes, inside / "classes")
    (inside / "web.xml").write_text(f"""<web-app {NAMESPACE}>{web}
<servlet><servlet-name>register</servlet-name><servlet-class>be.register.Register</servlet-class></servlet>
<servlet-mapping><servlet-name>register</servlet-name><url-pattern>/*</url-pattern></servlet-mapping>
</web-app>""")


def _compiled(folder: Path) -> Path:
    sources = folder / "sources"
    sources.mkdir()
    for name, java in zip(("AssertionFilter", "Buttons"), blocks("java"), strict=True):
        (sources / f"{name}.java").write_text(java)
    shutil.copy(Path(__file__).parent / "Register.java", sources)
    jars = ":".join(str(HOME / "lib" / name) for name in ("servlet-api.jar", "tomcat-util.jar"))
    command = [*_compiler(), "-nowarn", "-cp", jars, "-d", str(folder / "classes")]
    done = subprocess.run(
        [*command, *map(str, sources.glob("*.java"))],
        capture_output=True, text=True, check=False, env=os.environ | {"JAVA_TOOL_OPTIONS": " ".join(_BRIEF)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "classes"


def _prepare(base: Path, issuer: str, tomcat: Tomcat) -> None:
    classes = _compiled(base)
    key = base / "assertion.pub.pem"
    public = load_pem_private_key(ec_key("ti"), None).public_key()
    key.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    connector, valve, sessions, filters = blocks("xml")
    for example, here in (
        ("/etc/register/assertion.pub.pem", str(key)),
        ("https://register.example.be", issuer),
        ("http://localhost:8080", tomcat.url),
        (">prd<", ">ti<"),
    ):
        assert filters.count(example) == 1
        filters = filters.replace(example, here)
    _application(base / "webapps/app", classes, filters + sessions)
    _application(base / "webapps/oud", classes, "")
    for name in ("conf", "logs", "temp", "work"):
        (base / name).mkdir()
    assert connector.count('port="8080"') == 1
    # Looking through all of Tomcat for JSP libraries takes longer than the rest of its start.
    contexts = "".join(
        f'<Context path="/{name}" docBase="{name}" containerSciFilter="."><JarScanner scanClassPath="false"/></Context>'
        for name in ("app", "oud")
    )
    (base / "conf/server.xml").write_text(f"""<Server port="-1"><Service name="Catalina">
{connector.replace('port="8080"', f'port="{tomcat.port}"')}
<Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps" autoDeploy="false"
deployOnStartup="false">{valve}{contexts}</Host></Engine></Service></Server>""")
    (base / "conf/web.xml").write_text(f"<web-app {NAMESPACE}/>")


@contextlib.contextmanager
def running_tomcat(base: Path, *, issuer: str) -> Iterator[Tomcat]:
    """Tomcat on a free port, until the block ends. The filter expects assertions of this issuer for its own address."""
    with free_socket() as sock:
        tomcat = Tomcat(sock.getsockname()[1])
    _prepare(base, issuer, tomcat)
    jars = ":".join(str(HOME / "bin" / name) for name in ("bootstrap.jar", "tomcat-juli.jar"))
    options = [*_BRIEF, "-Xmx128m", f"-Djava.io.tmpdir={base}/temp"]
    options += [f"-Dcatalina.home={HOME}", f"-Dcatalina.base={base}"]
    log = base / "tomcat.log"
    with log.open("wb") as out:
        child = subprocess.Popen(
            ["java", *options, "-cp", jars, "org.apache.catalina.startup.Bootstrap", "start"],
            stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=base,
        )  # fmt: skip
    try:
        end = time.monotonic() + _SECONDS
        while b"Server startup in" not in log.read_bytes():
            assert child.poll() is None, log.read_text("utf-8", "replace")
            assert time.monotonic() < end, log.read_text("utf-8", "replace")
            time.sleep(0.05)
        yield tomcat
    finally:
        child.kill()
        child.wait()
