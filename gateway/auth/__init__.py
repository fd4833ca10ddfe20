"""Step 3 of a request, and the login before it: who somebody is, proven at ACM over OpenID Connect."""
