"""Files that are replaced as a whole, or read whole."""
