"""Code objects: read, cut into blocks, given probes."""
