"""The compiled rules, and the pure function that decides a request by them."""
