"""Rules and candidate rules going live in a running gateway."""
