"""Connections to Redis, and how its servers are written."""
