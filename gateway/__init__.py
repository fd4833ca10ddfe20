"""Toegangspoort: an authentication gateway in front of one register. One process serves one environment."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("toegangspoort")
except PackageNotFoundError:  # a source tree on the path, never installed
    __version__ = "0+unknown"
