"""From what was executed to what people and tools read: data files, reports, annotated sources."""
