"""Source code annotated with hit counts."""
