"""The shipped policies: one file each. Of the gateway they import `gateway.plugin` only."""
