"""Everything around the gateway on one machine: ACM, Gebruikersbeheer, Mijn Profiel and the register. Fictional.

It imports nothing of the gateway: what the gateway meets here is foreign code.
"""
