"""The nouns of the project: what every other package talks about. Imports nothing of ours."""
