"""From cells to PDF: macros, lint, LaTeX, bibliography, compiling."""
