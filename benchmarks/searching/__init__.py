"""The lanes of the search benchmark. `tasks` and `chat` need nothing but the standard library."""
