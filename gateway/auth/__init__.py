"""Authentication: logins at the provider by OpenID Connect, logouts, and bearer tokens of machine clients."""
