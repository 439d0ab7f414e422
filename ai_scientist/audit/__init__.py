"""A run judged from its folder alone."""
