"""Whether the keys of each transmitter of security events are to be had."""

from __future__ import annotations

import time

from gateway.auth.transmitters import Transmitters
from gateway.config import EnvironmentSettings
from gateway.doctor.check_result import CheckResult
from gateway.errors import ProviderUnavailable

_CHECK = "transmitter"


async def transmitters(settings: EnvironmentSettings) -> list[CheckResult]:
    """One finding for each transmitter of this environment."""
    if settings.signals is None:
        return []
    known = Transmitters(
        settings.signals,
        settings.provider.issuer,
        clock=time.time,
        steady=time.monotonic,
        egress=settings.egress,
    ).known
    found: list[CheckResult] = []
    for issuer, transmitter in known.items():
        try:
            await transmitter.start()
            count = len(await transmitter.keys())
            found.append(CheckResult(_CHECK, "ok", f"{issuer} publishes {count} keys"))
        except ProviderUnavailable as problem:
            do = "compare `issuer` and `jwks_uri` with what its operator says, and let this machine reach it"
            found.append(CheckResult(_CHECK, "failed", f"{issuer}: {problem.detail}", do, "answer"))
        except ValueError as problem:
            found.append(
                CheckResult(_CHECK, "failed", f"{issuer}: {problem}", "correct what the message says")
            )
        finally:
            await transmitter.aclose()
    return found
