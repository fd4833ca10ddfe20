"""The stages of a request, one module each; `pipeline.py` shows their order."""
