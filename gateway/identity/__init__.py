"""Attaching the identity to a request: headers and a signed assertion for the upstream."""
