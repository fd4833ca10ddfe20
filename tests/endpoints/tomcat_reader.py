"""A real Tomcat 10 that answers with the path that it read, and nothing else."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.running import free_socket
from tests.waiting import until

HOME = Path("/usr/share/tomcat10")
_SERVLET = """
public class Reader extends jakarta.servlet.http.HttpServlet {
    protected void service(jakarta.servlet.http.HttpServletRequest request,
            jakarta.servlet.http.HttpServletResponse response) throws java.io.IOException {
        String inside = request.getPathInfo();
        byte[] path = (request.getServletPath() + (inside == null ? "" : inside)).getBytes("UTF-8");
        response.setContentLength(path.length);
        response.getOutputStream().write(path);
    }
}
"""
_WEB = """<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0" metadata-complete="true">
<servlet><servlet-name>r</servlet-name><servlet-class>Reader</servlet-class></servlet>
<servlet-mapping><servlet-name>r</servlet-name><url-pattern>/*</url-pattern></servlet-mapping></web-app>"""


def compiler() -> str | None:
    """A Java compiler, if everything for this Tomcat is installed."""
    found = shutil.which("javac") or shutil.which("ecj")
    return found if shutil.which("java") and (HOME / "lib/catalina.jar").exists() else None


def _prepared(base: Path, compiled_by: str, connectors: str) -> None:
    inside = base / "webapps/ROOT/WEB-INF"
    (inside / "classes").mkdir(parents=True)
    (base / "Reader.java").write_text(_SERVLET)
    command = [
        compiled_by,
        "-source",
        "11",
        "-target",
        "11",
        "-nowarn",
        "-cp",
        str(HOME / "lib/servlet-api.jar"),
    ]
    subprocess.run(
        [*command, "-d", str(inside / "classes"), str(base / "Reader.java")], check=True, capture_output=True
    )
    (inside / "web.xml").write_text(_WEB)
    for name in ("conf", "logs", "temp", "work"):
        (base / name).mkdir()
    (base / "conf/web.xml").write_text('<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0"/>')
    (base / "conf/server.xml").write_text(
        f'<Server port="-1"><Service name="Catalina">{connectors}<Engine name="Catalina" defaultHost="localhost">'
        '<Host name="localhost" appBase="webapps" autoDeploy="false" deployOnStartup="false">'
        '<Context path="" docBase="ROOT"/></Host></Engine></Service></Server>'
    )


@contextlib.contextmanager
def tomcat(base: Path, compiled_by: str, *settings: str) -> Iterator[list[int]]:
    """One Tomcat with a port for each of these settings of its connector, until the block ends."""
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(free_socket()).getsockname()[1] for _ in settings]
    connectors = "".join(
        f'<Connector address="127.0.0.1" port="{port}" protocol="HTTP/1.1" {setting}/>'
        for port, setting in zip(ports, settings, strict=True)
    )
    _prepared(base, compiled_by, connectors)
    jars = ":".join(str(HOME / "bin" / name) for name in ("bootstrap.jar", "tomcat-juli.jar"))
    options = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx64m", f"-Djava.io.tmpdir={base}/temp"]
    log = base / "tomcat.log"
    with log.open("wb") as out:
        child = subprocess.Popen(
            ["java", *options, f"-Dcatalina.home={HOME}", f"-Dcatalina.base={base}", "-cp", jars,
             "org.apache.catalina.startup.Bootstrap", "start"],
            stdout=out, stderr=out, cwd=base,
        )  # fmt: skip
    try:
        started = until(lambda: b"Server startup in" in log.read_bytes() or child.poll() is not None, 90)
        assert started, log.read_text("utf-8", "replace")
        assert child.poll() is None, log.read_text("utf-8", "replace")
        yield ports
    finally:
        child.kill()
        child.wait()
