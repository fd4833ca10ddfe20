"""What one environment has proven, carried over to another: `gateway config promote`."""
