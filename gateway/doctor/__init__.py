"""Checks from outside, for `gateway doctor`: the provider, the machine and the files."""
