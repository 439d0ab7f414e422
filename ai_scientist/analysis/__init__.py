"""From rows to cells: checks, statistics, figures, tables."""
