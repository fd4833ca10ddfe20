"""What the gateway tells about itself: logs, decision records, metrics and health."""
