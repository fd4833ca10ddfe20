"""HTTP clients for engines that decide: no redirects, and nothing from the environment of the process."""

from __future__ import annotations

from collections.abc import Mapping

import httpx2

from gateway.outgoing.client_tls import ClientTls
from gateway.outgoing.egress import Egress
from gateway.settings import Secret


def engine_client(
    token: Secret | None, tls: ClientTls, egress: Egress, timeout: float, headers: Mapping[str, str]
) -> httpx2.AsyncClient:
    """A client that sends the bearer token and these headers with each request; `timeout` in seconds.

    Reads the token and the files of `tls`. Raises ValueError and OSError where one cannot be read.
    """
    sent = dict(headers)
    if token is not None:
        sent["Authorization"] = f"Bearer {token.read().decode()}"
    return httpx2.AsyncClient(
        headers=sent,
        transport=egress.transport(tls.context()),
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
    )
