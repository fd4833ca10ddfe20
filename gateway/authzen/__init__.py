"""The protocol of OpenID AuthZEN Authorization API 1.0 as a decision point speaks it: messages, callers, names, pages."""
