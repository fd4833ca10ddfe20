"""Step 4 of a request: the rule language, compiled, and one pure function that decides."""
