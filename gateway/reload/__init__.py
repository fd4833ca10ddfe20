"""Rules, candidate rules, keys, emergencies and maintenance going live in a running gateway."""
