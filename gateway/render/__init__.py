"""Configurations for the servers that carry requests and ask the gateway about each (forward-auth)."""
