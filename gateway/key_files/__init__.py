"""Secret keys by purpose, from files that hold one key or several."""
