"""Logs in at a peer by following its redirects to the provider and back."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import httpx2

from benchmarks.peers.processes import NotRunning

_MOST_STEPS = 10


def sign_in(url: str) -> str:
    """The Cookie header with which `url` answers 200. Raises NotRunning where the login does not end there.

    Cookies are kept by hand: peers mark them Secure, and no cookie jar sends those over http.
    """
    host, place, cookies = urlsplit(url).netloc, url, dict[str, str]()
    with httpx2.Client(trust_env=False, timeout=10) as client:
        for _ in range(_MOST_STEPS):
            at_peer = urlsplit(place).netloc == host
            shown = "; ".join(f"{name}={value}" for name, value in cookies.items())
            headers = {"accept": "text/html", **({"cookie": shown} if at_peer and shown else {})}
            answer = client.get(place, headers=headers)
            if at_peer:
                _keep(cookies, answer.headers.get_list("set-cookie"))
            if not answer.is_redirect:
                break
            place = urljoin(place, answer.headers["location"])
    if answer.status_code != 200 or not cookies:
        raise NotRunning(f"the login ends with {answer.status_code} at {place.partition('?')[0]}")
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def _keep(cookies: dict[str, str], lines: list[str]) -> None:
    for line in lines:
        pair, *attributes = line.split(";")
        name, _, value = pair.strip().partition("=")
        ended = any(each.strip().lower() in ("max-age=0", "max-age=-1") for each in attributes)
        if ended or not value or "expires=thu, 01 jan 1970" in line.lower():
            cookies.pop(name, None)
        else:
            cookies[name] = value
