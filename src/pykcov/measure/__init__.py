"""Hits counted into a data file."""
