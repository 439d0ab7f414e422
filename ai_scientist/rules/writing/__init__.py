"""Papers by rules: one file a section; what is said depends on what was found, and every number is a macro."""
