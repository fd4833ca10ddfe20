"""What is asked about rules away from the hot path: explain, access, lint, suites, diff, replay."""
