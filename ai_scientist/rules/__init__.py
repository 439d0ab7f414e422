"""The engine that needs no model: the agents' requests answered by rules over research templates."""
