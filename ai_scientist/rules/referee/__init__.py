"""A referee by rules: what can be checked in a draft's text, and in its evidence where there is any."""
