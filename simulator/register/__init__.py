"""A simulated register: OVAM's "centraal non-conformiteitenregister" as a legacy application that reads headers."""
