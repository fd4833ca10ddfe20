"""What one session and one request cost, and what 50,000 requests a second and a million sessions take by that."""
