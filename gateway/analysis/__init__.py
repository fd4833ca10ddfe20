"""Questions about rules outside live requests: explain, access, lint, tests, diff, replay."""
