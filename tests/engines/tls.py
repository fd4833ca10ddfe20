"""TLS as in production: nginx in front, and the gateway behind it on plain HTTP."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.waiting import until


@contextlib.contextmanager
def tls_before(upstream: int, port: int, folder: Path) -> Iterator[None]:
    """Serve https://localhost:PORT, with a certificate that nobody trusts, for this port on plain HTTP."""
    if shutil.which("nginx") is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs nginx")
        pytest.skip("nginx is not installed")
    certificate, pid = folder / "certificate.pem", folder / "nginx.pid"
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; pid {pid}; error_log {folder}/error.log;
events {{ }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {certificate};
    location / {{ proxy_pass http://127.0.0.1:{upstream}; proxy_http_version 1.1; proxy_set_header Host $http_host; }}
  }}
}}
""")
    with subprocess.Popen(
        ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL
    ) as child:
        try:
            assert until(pid.exists, 30.0)
            yield
        finally:
            child.terminate()
