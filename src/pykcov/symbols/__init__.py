"""Blocks, their PCs, and the store that assigns them."""
