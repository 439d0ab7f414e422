"""Finding papers, keeping them, quoting them."""
