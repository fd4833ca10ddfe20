"""What is kept for a while, or computed once for many callers."""
