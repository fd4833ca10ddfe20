"""Blocks: who is kept out at once, whatever the rules say."""
