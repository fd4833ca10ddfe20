"""Carries requests to the register and its answers back, over a connection pool of its own."""
