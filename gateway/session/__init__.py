"""Sessions: what the gateway remembers of a login, behind an opaque ticket that only the browser has."""
