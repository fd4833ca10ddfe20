"""The gateway beside its peers under the same load: run `python -m benchmarks.peers`."""
