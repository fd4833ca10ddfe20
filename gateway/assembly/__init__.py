"""Makes the parts of one environment and joins them. Nothing is opened here: that is `app.py`."""
