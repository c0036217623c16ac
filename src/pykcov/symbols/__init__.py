"""PCs to blocks, and the store that gives them out."""
