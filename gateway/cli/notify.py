"""Says to systemd how the gateway is (sd_notify(3)): that it serves, restarts or stops, and that it is alive."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import MutableMapping
from typing import Final

_ADDRESS: Final = "NOTIFY_SOCKET"
_WATCHDOG: Final = "WATCHDOG_USEC"
_WATCHDOG_PID: Final = "WATCHDOG_PID"


class Notifier:
    """Speaks for the first process of the gateway. Without a service manager that listens, everything here does nothing."""

    def __init__(self, address: str = "", watchdog: str = "") -> None:
        """`watchdog`: within this many microseconds the service manager wants to hear that the process is alive."""
        self._address = address
        # 0 is no time.
        self._watchdog = watchdog if watchdog.isascii() and watchdog.isdigit() and int(watchdog) else ""

    @classmethod
    def of(cls, environ: MutableMapping[str, str]) -> Notifier:
        """By these variables, which are removed: no process that this one starts may speak for it."""
        address, watchdog = environ.pop(_ADDRESS, ""), environ.pop(_WATCHDOG, "")
        for_whom = environ.pop(_WATCHDOG_PID, "")
        return cls(address, watchdog if for_whom in ("", str(os.getpid())) else "")

    @property
    def variables(self) -> dict[str, str]:
        """What a successor needs to speak in place of this process."""
        named = {_ADDRESS: self._address, _WATCHDOG: self._watchdog}
        return {name: value for name, value in named.items() if value}

    @property
    def alive_every(self) -> float | None:
        """Seconds between two signs of life; None where nobody waits for them."""
        return int(self._watchdog) / 2_000_000 if self._address and self._watchdog else None

    def ready(self, status: str, *, main: int | None = None) -> None:
        """It serves; from now on the process `main` is the first one."""
        self._say(*([f"MAINPID={main}"] if main is not None else []), "READY=1", f"STATUS={status}")

    def reloading(self, status: str) -> None:
        """It serves, and a restart is under way."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._say("RELOADING=1", f"MONOTONIC_USEC={now}", f"STATUS={status}")

    def stopping(self, status: str, seconds: float) -> None:
        """It stops, and may take this many seconds for that."""
        self._say("STOPPING=1", f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}", f"STATUS={status}")

    def alive(self) -> None:
        """A sign of life."""
        self._say("WATCHDOG=1")

    def _say(self, *lines: str) -> None:
        if not self._address:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto("\n".join(lines).encode(), address)
