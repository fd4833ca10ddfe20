"""Two gateways behind nginx, on Redis with a sentinel, while masters die: is anything lost, does anything grow?"""
