"""The policy modules that come with the gateway: one file, one policy. They import gateway.plugin and nothing else."""
