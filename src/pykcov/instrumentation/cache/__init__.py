"""Rewritten code kept between runs."""
