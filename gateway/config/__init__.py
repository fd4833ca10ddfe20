"""Loads and checks config.yaml; every problem is reported with its file, line and column."""

from gateway.config.load import load
from gateway.config.model import Config, EnvironmentSettings
from gateway.config.problems import ConfigError, Problem
from gateway.config.reload import checked_config
from gateway.config.suites import failures

__all__ = ["Config", "ConfigError", "EnvironmentSettings", "Problem", "checked_config", "failures", "load"]
