"""Warnings about a valid configuration that come from knowledge of ACM, networks, paths, dates and records."""
