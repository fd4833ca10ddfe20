"""Step 5 of a request: which identity headers and which signed assertion the upstream gets."""
