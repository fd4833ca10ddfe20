"""What operators order, as lists in the store and in files."""
