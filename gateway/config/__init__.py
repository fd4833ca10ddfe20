"""config.yaml: read with positions, checked as a whole, handed to the areas in parts."""

from gateway.config.load import load
from gateway.config.model import Config, EnvironmentSettings
from gateway.config.problems import ConfigError, Problem
from gateway.config.reload import checked
from gateway.config.suites import failures

__all__ = ["Config", "ConfigError", "EnvironmentSettings", "Problem", "checked", "failures", "load"]
