"""The cache of rewritten code."""
