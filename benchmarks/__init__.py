"""Measurements of what the gateway costs. A benchmark is never a timed test: it prints numbers, people compare them."""
