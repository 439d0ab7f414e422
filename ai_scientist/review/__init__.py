"""Judging a paper with its evidence."""
