"""What people see of the gateway itself: errors, denials and the way out."""
