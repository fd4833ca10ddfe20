"""Fuzzers of the wire: hostile clients, paths and registers against readers that are stricter than ours."""
