"""What operators see of the gateway: logs, decision records, metrics and health."""
