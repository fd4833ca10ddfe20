"""Stage 1 of a request: from what a socket sent to one CanonicalRequest, or a refusal."""
