"""The gateway's own paths: login, logout, the session for front-ends, and the keys of the assertion.

Each endpoint gives one whole answer to one request; `table.py` has their routes.
"""
