"""The door for policy modules: what a policy may import, and how the gateway finds and reads policies.

A policy imports from here alone; `gateway.plugin.testing` holds what its tests need.
"""

from gateway.plugin.contract import *  # noqa: F403 - the contract names what it offers
from gateway.plugin.contract import __all__ as __all__
