"""Rules, candidate rules, keys and operators' orders going live in a running gateway."""
