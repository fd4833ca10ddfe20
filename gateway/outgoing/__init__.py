"""Calls to other servers: how they leave, by which certificate, and what went wrong with them."""
