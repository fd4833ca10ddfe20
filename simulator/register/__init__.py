"""A simulated register: a small legacy application in the manner of JSF, behind the gateway."""
