"""Attacks on the gateway and its peers, and what a bystander notices of them."""
