"""What the gateways of one environment say to one another through the session store: orders, reports, keys, cards."""
