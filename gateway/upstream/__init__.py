"""Step 6 of a request: to the register and back, on connections of our own."""
