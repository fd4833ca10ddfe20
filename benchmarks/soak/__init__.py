"""Everything at once for a while, attacks included: does the gateway lose a request, or grow?"""
