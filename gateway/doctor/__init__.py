"""Checks from outside: is the provider as it should be, is the machine, are the files?"""
