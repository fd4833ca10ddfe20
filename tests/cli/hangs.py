"""An application that never starts, and does not end when it is asked to. It then writes the file of HANGS_MARK."""

import os
import signal
import time
from pathlib import Path

signal.signal(signal.SIGTERM, signal.SIG_IGN)
Path(os.environ["HANGS_MARK"]).touch()
time.sleep(600)
